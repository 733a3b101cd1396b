// Orders messages for reading: oldest first, in days, and in runs of one person. Pure.
import type { Message } from '../domain/types.ts';
import { day } from '../time/words.ts';

const RUN_MS = 5 * 60_000;

export interface Entry {
  readonly message: Message;
  /** A new day begins with it. */
  readonly day: string | undefined;
  /** It begins, or ends, a run of messages of one person. */
  readonly first: boolean;
  readonly last: boolean;
  /** Who has read it, besides its sender: a later one read means this one read. */
  readonly readBy: readonly string[];
}

/** `messages`: newest first. */
export function thread(messages: readonly Message[], now: number): Entry[] {
  const readers = new Set<string>();
  const entries: Entry[] = [];
  messages.forEach((message, index) => {
    for (const reader of message.readBy) readers.add(reader);
    const newer = messages[index - 1];
    const older = messages[index + 1];
    const here = day(message.createdAt, now);
    entries.push({
      message,
      day: older === undefined || day(older.createdAt, now) !== here ? here : undefined,
      first: older === undefined || !sameRun(older, message),
      last: newer === undefined || !sameRun(message, newer),
      readBy: [...readers].filter((reader) => reader !== message.senderId),
    });
  });
  return entries.reverse();
}

function sameRun(older: Message, newer: Message): boolean {
  const gap = Date.parse(newer.createdAt) - Date.parse(older.createdAt);
  return older.senderId === newer.senderId && gap < RUN_MS && new Date(older.createdAt).getDate() === new Date(newer.createdAt).getDate();
}
