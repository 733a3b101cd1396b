// Every event that the server sends, with its payload.
import type { Activity, Cheers, Message } from '../domain/types.ts';

export interface Events {
  'activity:created': Activity;
  'activity:updated': Activity;
  'activity:deleted': { activityId: string };
  'activity:user_joined': Participation;
  'activity:user_left': Participation;
  'activity:like_added': Liking;
  'activity:like_removed': Liking;
  'activity:cheered': Cheers;
  'message:new': Message;
  'message:read': { messageId: string; userId: string };
  'user:online': { userId: string };
  'user:offline': { userId: string };
}

interface Participation {
  activityId: string;
  userId: string;
  participantCount: number;
}

interface Liking {
  activityId: string;
  userId: string;
  likeCount: number;
}
