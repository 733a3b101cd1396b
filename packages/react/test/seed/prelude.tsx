// The prelude under which the seed's snippets stand: what they use and do not declare. A React Native name is the browser's element that is meant; `jest` is
// Vitest's `vi`.
import { useState, type ReactNode } from 'react';
import type { Socket } from 'socket.io';
import { vi, type Mock as ViMock } from 'vitest';
import { QueryClient, useQuery } from '@tanstack/react-query';
import { useSocketEvent } from '@shared/hooks/useSocketEvent';
import type { Activity, Events } from './app/events.js';
import { tw } from './app/tidewire.js';

export { useEffect } from 'react';
export { describe, expect, it } from 'vitest';
export { render, screen } from '@testing-library/react';
export { useQuery, useQueryClient } from '@tanstack/react-query';
export { socketService } from '@services/socket/socketClient';
export { offlineQueue } from '@services/offline/offlineQueue';
export { useSocketConnection, useSocketEvent } from '@shared/hooks/useSocketEvent';
export { useOfflineMutation, useOfflineQueueStatus } from '@shared/hooks/useOfflineMutation';
export { useActivityRealtimeSync } from '@features/activities/hooks/useActivityRealtimeSync';

export interface Props {
  activityId: string;
  activity: Activity;
}

// ---- the app's cache and REST API

export const queryClient = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, retry: false } } });
export const queryKeys = { activities: { detail: (id: string) => ['activity', id] as const } };

export async function fetchActivities(): Promise<Activity[]> {
  return (await (await tw.fetch('/api/activities')).json()) as Activity[];
}

/** With an `endpoint` the queue sends, and these are never called. */
export const activitiesApi = { likeActivity: vi.fn<(activityId: string) => Promise<Activity>>() };

export function updateActivityLike(old: unknown, activityId: string): unknown {
  return (old as Activity[] | undefined)?.map((it) => (it.id === activityId ? { ...it, liked: true, likeCount: it.likeCount + 1 } : it));
}

export function optimisticUpdate(activityId: string): { previous: unknown } {
  const previous = queryClient.getQueryData(['activities']);
  queryClient.setQueryData(['activities'], (old: unknown) => updateActivityLike(old, activityId));
  return { previous };
}

export function rollback(_error: unknown, _activityId: string, context: { previous: unknown } | undefined): void {
  queryClient.setQueryData(['activities'], context?.previous);
}

// ---- what the snippets speak of

export const activityId = 'a1';
export const handler = vi.fn<(activity: Omit<Activity, 'liked' | 'joined'>) => void>();
export const handleUpdate = vi.fn<(activity: Omit<Activity, 'liked' | 'joined'>) => void>();

// ---- the server side of `Room Authorization`

export let socket: Socket & { userId: string };
export function setSocket(given: Socket & { userId: string }): void {
  socket = given;
}
export function checkRoomPermission(userId: string, roomId: string): Promise<boolean> {
  return Promise.resolve(userId === 'ana' && roomId !== 'secret');
}

// ---- components

export const __DEV__ = true;
export function RootNavigator(): ReactNode {
  const { data } = useQuery({ queryKey: ['activities'], queryFn: fetchActivities });
  return <ul>{data?.map((it) => <li key={it.id}>{`${it.title} ${it.likeCount}`}</li>)}</ul>;
}
export function ActivityList(): ReactNode {
  const [title, setTitle] = useState('');
  useSocketEvent({ event: 'activity:updated', onEvent: (activity) => setTitle(activity.title) });
  return <p>{title}</p>;
}
export function TouchableOpacity({ onPress, disabled, children }: { onPress: () => void; disabled?: boolean; children: ReactNode }): ReactNode {
  return (
    <button onClick={onPress} disabled={disabled}>
      {children}
    </button>
  );
}
export function Text({ children }: { children: ReactNode }): ReactNode {
  return <span>{children}</span>;
}
export function View({ children }: { children: ReactNode }): ReactNode {
  return <div>{children}</div>;
}
export function Banner({ children }: { children: ReactNode }): ReactNode {
  return <p role="status">{children}</p>;
}
export function ActivityIndicator(): ReactNode {
  return <i aria-label="busy" />;
}

// ---- test runner

export const jest = vi;
export declare namespace jest {
  type Mock = ViMock;
}

export type { Events };
