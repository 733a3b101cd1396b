// The one client of the app of the seed.
import { createTidewire, defineRules, patch } from '@tidewire/client';
import { backend } from './backend.js';
import type { Activity, Events } from './events.js';

const rules = defineRules<Events>({
  entities: { activity: { id: 'id', keys: [['activities']] } },
  rooms: { activities: () => [['activities']] },
  on: {
    'activity:like_added': patch('activity', ({ activityId }) => activityId, (it: Activity, { likeCount }) => ({ ...it, likeCount })),
    'activity:like_removed': patch('activity', ({ activityId }) => activityId, (it: Activity, { likeCount }) => ({ ...it, likeCount })),
  },
});

export const tw = createTidewire<Events>({ ...backend(), rules });
