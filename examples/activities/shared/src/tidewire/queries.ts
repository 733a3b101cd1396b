// The queries of the app: plain TanStack Query. Fresh without polling, because Tidewire applies events to what they hold.
import { useTidewire } from '@tidewire/react';
import { skipToken, useQuery, type UseQueryResult } from '@tanstack/react-query';
import type { Activity, Cheers, Message } from '../domain/types.ts';
import { api } from './api.ts';
import { keys } from './keys.ts';

export function useActivities(): UseQueryResult<Activity[]> {
  const tw = useTidewire();
  return useQuery({ queryKey: keys.activities, queryFn: ({ signal }) => api.activities(tw, signal) });
}

/**
 * One activity, and the query for it. What the list knows stands in until its own answer is here, with live changes: an activity that
 * was never opened opens offline too. `onServer` is false while only this device knows it.
 */
export function useActivity(id: string, onServer: boolean): { activity: Activity | undefined; query: UseQueryResult<Activity> } {
  const tw = useTidewire();
  const query = useQuery<Activity>({
    queryKey: keys.activity(id),
    queryFn: onServer ? ({ signal }) => api.activity(tw, id, signal) : skipToken,
  });
  const { data: list } = useActivities();
  return { activity: query.data ?? list?.find((it) => it.id === id), query };
}

/** Newest first. */
export function useMessages(activityId: string, enabled: boolean): UseQueryResult<Message[]> {
  const tw = useTidewire();
  return useQuery({ queryKey: keys.messages(activityId), queryFn: enabled ? ({ signal }) => api.messages(tw, activityId, signal) : skipToken });
}

export function useCheers(activityId: string, onServer: boolean): UseQueryResult<Cheers> {
  const tw = useTidewire();
  return useQuery({ queryKey: keys.cheers(activityId), queryFn: onServer ? ({ signal }) => api.cheers(tw, activityId, signal) : skipToken });
}
