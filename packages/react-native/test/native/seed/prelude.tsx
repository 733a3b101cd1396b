// The prelude under which the seed's snippets stand in React Native: what they use and do not declare. Its components are React Native's own.
import { jest } from '@jest/globals';
import { QueryClient, useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { Text, View } from 'react-native';
import type { Socket } from 'socket.io';
import { useSocketEvent } from '@shared/hooks/useSocketEvent';
import type { Activity } from '../../../../react/test/seed/app/events';
import { tw } from '../../../../react/test/seed/app/tidewire';

export { useEffect } from 'react';
export { ActivityIndicator, Text, TouchableOpacity, View } from 'react-native';
export { describe, expect, it, jest } from '@jest/globals';
export { render, screen } from '@testing-library/react-native';
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

export const queryClient = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, gcTime: Infinity, retry: false } } });
export const queryKeys = { activities: { detail: (id: string) => ['activity', id] as const } };

export async function fetchActivities(): Promise<Activity[]> {
  return (await (await tw.fetch('/api/activities')).json()) as Activity[];
}

/** With an `endpoint` the queue sends, and this is never called. */
export const activitiesApi = { likeActivity: jest.fn<(activityId: string) => Promise<Activity>>() };

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
export const handler = jest.fn<(activity: Omit<Activity, 'liked' | 'joined'>) => void>();
export const handleUpdate = jest.fn<(activity: Omit<Activity, 'liked' | 'joined'>) => void>();

/** React Native has none: an app that wants to be debugged as the seed says makes one. */
export const localStorage: { debug?: string; getItem(name: 'debug'): string | null } = {
  getItem: (name) => localStorage[name] ?? null,
};

// ---- the server side of `Room Authorization`

export let socket: Socket & { userId: string };
export function setSocket(given: Socket & { userId: string }): void {
  socket = given;
}
export function checkRoomPermission(userId: string, roomId: string): Promise<boolean> {
  return Promise.resolve(userId === 'ana' && roomId !== 'secret');
}

// ---- components

export function RootNavigator(): ReactNode {
  const { data } = useQuery({ queryKey: ['activities'], queryFn: fetchActivities });
  return (
    <View>
      {data?.map((it) => (
        <Text key={it.id}>{`${it.title} ${it.likeCount}`}</Text>
      ))}
    </View>
  );
}

export function ActivityList(): ReactNode {
  const [title, setTitle] = useState('');
  useSocketEvent({ event: 'activity:updated', onEvent: (activity) => setTitle(activity.title) });
  return <Text>{title}</Text>;
}

export function Banner({ children }: { children: ReactNode }): ReactNode {
  return <Text accessibilityRole="alert">{children}</Text>;
}
