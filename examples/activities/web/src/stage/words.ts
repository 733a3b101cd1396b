// How the demo's page calls the app's writes. Pure.
import type { Entry } from './ledger.ts';

const WORDS: Readonly<Record<string, string>> = {
  'activity.like': 'Like',
  'activity.unlike': 'Like taken back',
  'activity.join': 'Join',
  'activity.leave': 'Leave',
  'activity.cheer': 'Cheer',
  'activity.rename': 'New title',
  'activity.create': 'New activity',
  'message.send': 'Message',
  'message.read': 'Read receipt',
};

export const wordFor = (what: string): string => WORDS[what] ?? 'Change';

/** "14 ms", "1.2 s" */
export function duration(ms: number): string {
  return ms < 1_000 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** Where a write is, for people. */
export function standing({ stand, seen, took, requests }: Entry, other: string): string {
  switch (stand) {
    case 'waiting':
      return 'kept on the phone';
    case 'sending':
      return seen > 0 ? `with ${other}, answer under way` : requests > 1 ? 'sent again' : 'sent, no answer yet';
    case 'refused':
      return 'refused, kept on the phone';
    case 'discarded':
      return 'taken back';
    case 'applied':
      return seen === 0 ? 'applied' : took === null ? `with ${other}` : `with ${other} in ${duration(took)}`;
    case 'replayed':
      return seen === 0 ? 'asked twice, applied once' : `asked twice, with ${other} once`;
  }
}
