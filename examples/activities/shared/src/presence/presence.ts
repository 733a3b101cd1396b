// Who is online, from a snapshot and the changes after it (V4). Pure.
import type { Events } from '../tidewire/events.ts';

export interface Online {
  readonly version: number;
  readonly people: ReadonlySet<string>;
}

export const NOBODY: Online = { version: -1, people: new Set() };

export type Change =
  | { readonly kind: 'snapshot'; readonly said: Events['user:snapshot'] }
  | { readonly kind: 'online' | 'offline'; readonly said: Events['user:online'] };

export function online(before: Online, change: Change): Online {
  // A snapshot is the state itself: after a restart of the server its versions begin anew.
  if (change.kind === 'snapshot') return { version: change.said.version, people: new Set(change.said.userIds) };
  const { userId, version } = change.said;
  if (version <= before.version) return before;
  const people = new Set(before.people);
  if (change.kind === 'online') people.add(userId);
  else people.delete(userId);
  return { version, people };
}
