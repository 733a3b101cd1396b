// The events of the seed's tables. What the server sends has its types from the Rust definitions (A6); what only the seed's snippets send stands here.
import type { Message, ServerEvents, ViewedActivity } from '../../../../../examples/activities/shared/src/generated/server.js';

export type Activity = ViewedActivity;
export type { Message };

export interface Events extends Omit<ServerEvents, 'typing:start'> {
  'typing:start': { chatId: string };
  'message:send': { text: string };
}
