// Made from the Rust types of the server. Do not edit; after a change there run
// UPDATE_EXPECT=1 cargo test -p activities-server typescript

export type Login = {
  /** Who. */
  name: string;
};

export type NewActivity = {
  /** An id that the client has made; left out, the server makes one. */
  id?: string;
  /** Title. */
  title: string;
};

export type EditActivity = {
  /** The new title. */
  title: string;
  /** The version that was edited: what `If-Match` says, for clients whose queue keeps no headers. */
  version?: number;
};

export type NewMessage = {
  /** An id that the client has made; left out, the server makes one. */
  id?: string;
  /** What is said. */
  text: string;
};

export type Person = {
  /** Id. */
  id: string;
  /** Name. */
  name: string;
};

export type SignedIn = { token: string, user: Person };

export type Activity = {
  /** Id, made by the server or by the client. */
  id: string;
  /** Title. */
  title: string;
  /** Who made it. */
  createdBy: string;
  /** When, as RFC 3339 in UTC. */
  createdAt: string;
  /** Counts edits; `ETag` and `If-Match` carry it. */
  version: number;
  /** Likes. */
  likeCount: number;
  /** Participants. */
  participantCount: number;
};

export type ViewedActivity = {
  /** The viewer likes it. */
  liked: boolean;
  /** The viewer takes part. */
  joined: boolean;
  /** Id, made by the server or by the client. */
  id: string;
  /** Title. */
  title: string;
  /** Who made it. */
  createdBy: string;
  /** When, as RFC 3339 in UTC. */
  createdAt: string;
  /** Counts edits; `ETag` and `If-Match` carry it. */
  version: number;
  /** Likes. */
  likeCount: number;
  /** Participants. */
  participantCount: number;
};

export type Message = {
  /** Id, made by the server or by the client. */
  id: string;
  /** Where it was said. */
  activityId: string;
  /** Who said it. */
  senderId: string;
  /** What. */
  text: string;
  /** When, as RFC 3339 in UTC. */
  createdAt: string;
  /** Who has read it, in alphabetical order, the sender apart. */
  readBy: Array<string>;
};

export type Cheers = {
  /** What. */
  activityId: string;
  /** How often. */
  cheers: number;
};

export type Deleted = {
  /** Which. */
  activityId: string;
};

export type Participation = {
  /** Where. */
  activityId: string;
  /** Who. */
  userId: string;
  /** Participants from now on. */
  participantCount: number;
};

export type Liking = {
  /** What. */
  activityId: string;
  /** Who. */
  userId: string;
  /** Likes from now on. */
  likeCount: number;
};

export type MessageRead = {
  /** Which. */
  messageId: string;
  /** By whom. */
  userId: string;
};

export type Presence = {
  /** Who. */
  userId: string;
  /** The version of who is online that this change makes. */
  version: number;
};

export type PresenceSnapshot = {
  /** Changes with a higher version came after it. */
  version: number;
  /** How many there are. */
  count: number;
  /** The first 1,000 of them. */
  userIds: Array<string>;
};

export type Typing = {
  /** Where. */
  activityId: string;
  /** Who. */
  userId: string;
};

/** Every event that the server sends, with its payload. */
export interface ServerEvents {
  'activity:created': Activity;
  'activity:updated': Activity;
  'activity:deleted': Deleted;
  'activity:user_joined': Participation;
  'activity:user_left': Participation;
  'activity:like_added': Liking;
  'activity:like_removed': Liking;
  'activity:cheered': Cheers;
  'message:new': Message;
  'message:read': MessageRead;
  'user:online': Presence;
  'user:offline': Presence;
  'user:snapshot': PresenceSnapshot;
  'typing:start': Typing;
  'typing:stop': Typing;
}
