// The queue as lanes: writes of one lane go one after the other, lanes do not wait for each other. Pure.
import type { WriteSnapshot } from '@tidewire/client';

export interface LaneWrite {
  readonly write: WriteSnapshot;
  /** It has just left, and is shown for a moment more. */
  readonly gone: boolean;
}

export interface Lane {
  readonly name: string;
  /** In the order in which they leave. */
  readonly writes: readonly LaneWrite[];
}

/** What is shown next: what has left keeps its place, what was parked stands elsewhere, what is new comes last. */
export function shownNext(before: readonly LaneWrite[], pending: readonly WriteSnapshot[], parked: readonly WriteSnapshot[]): LaneWrite[] {
  const waiting = new Map(pending.map((write) => [write.id, write]));
  const elsewhere = new Set(parked.map(({ id }) => id));
  const known = new Set(before.map(({ write }) => write.id));
  const stay = before.filter(({ write }) => !elsewhere.has(write.id)).map(({ write }) => ({ write: waiting.get(write.id) ?? write, gone: !waiting.has(write.id) }));
  return [...stay, ...pending.filter(({ id }) => !known.has(id)).map((write) => ({ write, gone: false }))];
}

/** Lanes in the order of their first write. */
export function lanes(shown: readonly LaneWrite[]): Lane[] {
  const byName = new Map<string, LaneWrite[]>();
  for (const each of shown) {
    const name = each.write.lane ?? each.write.id;
    const there = byName.get(name);
    if (there === undefined) byName.set(name, [each]);
    else there.push(each);
  }
  return [...byName].map(([name, writes]) => ({ name, writes }));
}
