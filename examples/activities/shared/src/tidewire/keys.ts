// Query keys and room names: the only place that spells them.

export const keys = {
  activities: ['activities'] as const,
  activity: (id: string) => ['activity', id] as const,
  messages: (activityId: string) => ['messages', activityId] as const,
  cheers: (activityId: string) => ['cheers', activityId] as const,
};

/** Everyone who is signed in hears it. */
export const ACTIVITIES_ROOM = 'activities';

/** Its participants hear it. */
export const chatRoom = (activityId: string): string => `activity_${activityId}`;
