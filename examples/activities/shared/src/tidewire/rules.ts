// What each event does to the cache: the one place where live data meets queries. Payloads are the same for everyone, so what is
// personal (`liked`, `joined`) is derived from who did it.
import { defineRules, insert, patch, remove } from '@tidewire/client';
import type { Activity, Cheers, Message } from '../domain/types.ts';
import type { Events } from './events.ts';
import { ACTIVITIES_ROOM, keys } from './keys.ts';

export const rules = defineRules<Events>({
  entities: {
    activity: { id: 'id', keys: [['activities'], ['activity']] },
    message: { id: 'id', keys: [['messages']] },
    cheers: { id: 'activityId', keys: [['cheers']] },
  },
  rooms: {
    [ACTIVITIES_ROOM]: () => [['activities'], ['activity'], ['cheers']],
    'activity_:id': ({ id = '' }) => [keys.messages(id)],
  },
  on: {
    'activity:created': [
      insert(
        () => keys.activities,
        (created) => created,
        { at: 'start', entity: 'activity' },
      ),
      patch(
        'activity',
        (created) => created.id,
        (it: Activity, created, { user }) => ({ ...it, joined: it.joined ?? created.createdBy === user }),
      ),
    ],
    'activity:updated': patch(
      'activity',
      (updated) => updated.id,
      (it: Activity, updated) => ({ ...it, ...updated }),
    ),
    'activity:deleted': remove('activity', ({ activityId }) => activityId),
    'activity:like_added': patch(
      'activity',
      ({ activityId }) => activityId,
      (it: Activity, { likeCount, userId }, { user }) => ({ ...it, likeCount, ...(userId === user && { liked: true }) }),
    ),
    'activity:like_removed': patch(
      'activity',
      ({ activityId }) => activityId,
      (it: Activity, { likeCount, userId }, { user }) => ({ ...it, likeCount, ...(userId === user && { liked: false }) }),
    ),
    'activity:user_joined': patch(
      'activity',
      ({ activityId }) => activityId,
      (it: Activity, { participantCount, userId }, { user }) => ({ ...it, participantCount, ...(userId === user && { joined: true }) }),
    ),
    'activity:user_left': patch(
      'activity',
      ({ activityId }) => activityId,
      (it: Activity, { participantCount, userId }, { user }) => ({ ...it, participantCount, ...(userId === user && { joined: false }) }),
    ),
    'activity:cheered': patch(
      'cheers',
      ({ activityId }) => activityId,
      (it: Cheers, { cheers }) => ({ ...it, cheers }),
    ),
    'message:new': insert(
      ({ activityId }) => keys.messages(activityId),
      (message) => message,
      { at: 'start', entity: 'message' },
    ),
    'message:read': patch(
      'message',
      ({ messageId }) => messageId,
      (it: Message, { userId }) => (it.readBy.includes(userId) ? it : { ...it, readBy: [...it.readBy, userId] }),
    ),
  },
});
