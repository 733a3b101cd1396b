// Writes that this device could not keep: the queue or the storage is full. They are told, since nothing on screen is left of them.
import { useSyncExternalStore } from 'react';
import type { WriteFailure } from '@tidewire/client';

const SENTENCES: Record<string, string> = {
  QUEUE_FULL: 'Too much waits to be sent already. Try again once some of it has left.',
  TOO_LARGE: 'That is too long to be sent.',
  STORE_FULL: 'This device has no room left to keep your change. Free some space and try again.',
  STORE_FAILED: 'This device could not keep your change. Try again.',
};

let current: string | null = null;
const listeners = new Set<() => void>();

function set(next: string | null): void {
  if (next === current) return;
  current = next;
  for (const listener of listeners) listener();
}

/** Takes note of a write's failure, if it is one that nothing else on the screen shows. */
export function reportFailure({ code }: Pick<WriteFailure, 'code'>): void {
  const sentence = SENTENCES[code];
  if (sentence !== undefined) set(sentence);
}

export const dismissRefusal = (): void => set(null);

/** What to tell, or null. */
export function useRefusal(): string | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
    () => null,
  );
}
