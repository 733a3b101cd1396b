// Both clocks and the timer of a JavaScript platform. The monotonic one may stand still while the machine sleeps, so forward
// jumps of the wall clock beside it are added: a deadline that passed in sleep is past.
import type { ClockPort } from './port.js';

/** A smaller difference between the clocks is their own noise, or slewing. */
const JUMP = 1_000;
/** Longest delay that a timer takes. */
const LONGEST = 2 ** 31 - 1;

export interface RawClock {
  readonly performanceNow: () => number;
  readonly dateNow: () => number;
}

export function systemClock(raw: RawClock = { performanceNow: () => performance.now(), dateNow: () => Date.now() }): ClockPort {
  let slept = 0;
  let last: { perf: number; wall: number } | undefined;
  return {
    now() {
      const perf = raw.performanceNow();
      const wall = raw.dateNow();
      if (last !== undefined) {
        const jump = wall - last.wall - (perf - last.perf);
        if (jump > JUMP) slept += jump;
      }
      last = { perf, wall };
      return { mono: Math.floor(perf + slept), wall: Math.floor(wall) };
    },
    after(delay, callback) {
      const timer = setTimeout(callback, Math.min(LONGEST, Math.max(0, Math.ceil(delay))));
      return () => clearTimeout(timer);
    },
  };
}
