// The events, rules and data of the Activities example, as the cache tests use them.

import type { LayerWriter, SyncRules } from '@tidewire/client';
import { defineRules, insert, invalidate, patch, remove } from '../../../client/src/rules.js';

export interface Activity {
  id: string;
  title: string;
  likeCount: number;
  liked: boolean;
}

export interface Message {
  id: string;
  activityId: string;
  text: string;
}

export interface Events {
  'activity:like_added': { activityId: string; userId: string; likeCount: number };
  'activity:updated': Partial<Activity> & { id: string };
  'activity:created': Activity;
  'activity:gone': { activityId: string };
  'message:new': Message;
  'board:changed': { board: string };
}

export const rules: SyncRules<Events> = defineRules<Events>({
  entities: {
    activity: { id: 'id', keys: [['activities'], ['activity']] },
    message: { id: 'id', keys: [['messages']] },
  },
  rooms: {
    activities: () => [['activities'], ['activity'], ['board']],
    'activity_:id': ({ id }) => [['messages', id]],
  },
  on: {
    'activity:like_added': patch<Events['activity:like_added'], Activity & Record<string, unknown>>(
      'activity',
      (p) => p.activityId,
      (a, p, ctx) => ({ ...a, likeCount: p.likeCount, liked: p.userId === ctx.user ? true : a.liked }),
    ),
    'message:new': insert<Message>((p) => ['messages', p.activityId], (p) => p as unknown as Record<string, unknown>, { at: 'end', entity: 'message' }),
    'activity:gone': remove('activity', (p) => p.activityId),
    'board:changed': invalidate((p) => [['board', p.board]]),
  },
});

export const untyped = rules as SyncRules<object>;

/** The layer of a like. It leaves an activity alone that has it. */
export function like(id: string): (cache: LayerWriter) => void {
  return (cache) => cache.patch<Activity>('activity', id, (a) => (a.liked ? a : { ...a, liked: true, likeCount: a.likeCount + 1 }));
}

export const at = (room: string, offset: number): { room: string; epoch: string; offset: number } => ({ room, epoch: 'e1', offset });

export const picnic: Activity = { id: 'a1', title: 'Picnic', likeCount: 1, liked: false };
