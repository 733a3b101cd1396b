// An observable that tells its listeners at most once a frame (Q22): the first change at once, those that follow within the frame together at its end.
// While somebody listens, what `get` says changes only when they are told, so that all components show the same. Knows nothing of what it carries.

import type { Observable } from '@tidewire/client';
import { FRAME_MS } from '../limits.js';
import { hostTimer, type Timer } from '../ports/timer.js';

const known = new WeakMap<Observable<unknown>, Observable<unknown>>();

/** The same for all who ask for this source, so that one frame is one frame for the whole page. */
export function paced<T>(source: Observable<T>): Observable<T> {
  const found = known.get(source) as Observable<T> | undefined;
  if (found) return found;
  const made = newPaced(source, hostTimer);
  known.set(source, made);
  return made;
}

export function newPaced<T>(source: Observable<T>, timer: Timer): Observable<T> {
  const listeners = new Set<{ readonly callback: () => void }>();
  let shown: T;
  let stopFrame: (() => void) | undefined;
  let stop = (): void => undefined;
  const tell = (): void => {
    stopFrame = timer(FRAME_MS, () => {
      stopFrame = undefined;
      if (source.get() !== shown) tell();
    });
    shown = source.get();
    for (const { callback } of [...listeners]) callback();
  };
  return {
    get: () => (listeners.size === 0 ? source.get() : shown),
    subscribe(callback) {
      if (listeners.size === 0) {
        shown = source.get();
        stop = source.subscribe(() => {
          if (!stopFrame) tell();
        });
      }
      const entry = { callback };
      listeners.add(entry);
      return () => {
        if (!listeners.delete(entry) || listeners.size > 0) return;
        stop();
        stopFrame?.();
        stopFrame = undefined;
      };
    },
  };
}
