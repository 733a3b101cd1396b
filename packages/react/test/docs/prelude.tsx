// What the snippets of the documentation speak of and do not declare.
import type { Tidewire } from '@tidewire/client';

export interface Activity {
  id: string;
  title: string;
  likeCount: number;
  liked: boolean;
}

export interface Events {
  'activity:created': Activity;
  'activity:updated': Activity;
  'activity:like_added': { activityId: string; likeCount: number };
}

export declare const tw: Tidewire<Events>;
export declare const currentUser: { id: string; token(): Promise<string> };
export declare const user: string;
export declare function getToken(): Promise<string>;
export declare const file: File;
export declare const like: import('@tidewire/client').RequestMutation<string>;
export declare function fetchActivities(): Promise<Activity[]>;
export declare function likeActivity(id: string, options?: { idempotencyKey: string; signal: AbortSignal }): Promise<Activity>;
export declare function titleOf(answer: unknown): string;
export declare function Activities(): React.ReactNode;
