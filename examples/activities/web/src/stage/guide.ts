// The first minute, step by step: what to try next, and what has been done. Pure; each step follows from what the phones told.
import type { Ledger } from './ledger.ts';

export interface Progress {
  readonly liked: boolean;
  readonly entered: boolean;
  readonly changed: boolean;
  readonly killedApp: boolean;
  readonly killedServer: boolean;
  readonly left: boolean;
}

export const BEGINNING: Progress = { liked: false, entered: false, changed: false, killedApp: false, killedServer: false, left: false };

/** So many changes make a queue worth looking at. */
export const WORTH = 3;

/** `crashes`: apps that were killed with something unsent; `serverKills`: servers that were. */
export function progress(before: Progress, ledger: Ledger, crashes: number, serverKills: number): Progress {
  const phones = Object.values(ledger.phones);
  const entered = before.entered || phones.some(({ dark }) => dark);
  const changed = before.changed || phones.some(({ dark, pending }) => dark && pending >= WORTH);
  return {
    liked: before.liked || ledger.entries.some(({ took }) => took !== null),
    entered,
    changed,
    killedApp: before.killedApp || crashes > 0,
    killedServer: before.killedServer || serverKills > 0,
    left: before.left || (changed && phones.every(({ dark, pending, connection }) => !dark && pending === 0 && connection === 'online')),
  };
}
