// What the app is about, as the server's REST contract has it. Knows nothing of transport or screens.

export interface User {
  id: string;
  name: string;
}

export interface Activity {
  id: string;
  title: string;
  createdBy: string;
  createdAt: string;
  version: number;
  likeCount: number;
  participantCount: number;
  /** The viewer's own view: in answers to a GET, never in events. */
  liked?: boolean;
  joined?: boolean;
}

export interface Message {
  id: string;
  activityId: string;
  senderId: string;
  text: string;
  createdAt: string;
  readBy: string[];
}

export interface Cheers {
  activityId: string;
  cheers: number;
}
