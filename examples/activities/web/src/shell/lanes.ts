// The queue as lanes: writes of one lane go one after the other, lanes do not wait for each other. Pure.
import type { WriteSnapshot } from '@tidewire/client';

export interface Lane {
  readonly name: string;
  /** In the order in which they leave; those that have just left come first. */
  readonly writes: readonly LaneWrite[];
}

export interface LaneWrite {
  readonly write: WriteSnapshot;
  /** It has just left, and is shown for a moment more. */
  readonly gone: boolean;
}

/** Lanes in the order of their oldest write. */
export function lanes(gone: readonly WriteSnapshot[], pending: readonly WriteSnapshot[]): Lane[] {
  const byName = new Map<string, LaneWrite[]>();
  const put = (write: WriteSnapshot, isGone: boolean): void => {
    const name = write.lane ?? write.id;
    const there = byName.get(name);
    if (there === undefined) byName.set(name, [{ write, gone: isGone }]);
    else there.push({ write, gone: isGone });
  };
  for (const write of gone) put(write, true);
  for (const write of pending) put(write, false);
  return [...byName].map(([name, writes]) => ({ name, writes }));
}
