// Entry `@tidewire/client/background-sync`: writes that wait are sent by the app's service worker when the network returns, also after the last page was closed. Chromium only;
// elsewhere `syncInBackground` does nothing. The worker is one more tab to the queue: it decides nothing here.
import { askForSync, type SyncScope } from './ports/background-sync.js';
import { systemClock } from './ports/clock.js';
import type { Tidewire } from './types.js';

export type { SyncEvent, SyncScope } from './ports/background-sync.js';

const TAG = 'tidewire';
/** Milliseconds that a worker tries; a browser ends it a little later. */
const PATIENCE = 20_000;

/** In a page: asks the browser to wake the service worker when there is a network, for as long as writes wait. Returns the way to stop asking. */
export function syncInBackground<E extends object>(tw: Tidewire<E>): () => void {
  let before = 0;
  const look = (): void => {
    const { pending } = tw.outbox.get();
    if (pending > 0 && pending !== before) askForSync(TAG);
    before = pending;
  };
  const stop = tw.outbox.subscribe(look);
  look();
  return stop;
}

/**
 * In the service worker: answers the browser's `sync`. `open` makes the client of whoever is signed in, with the page's `mutations`, or says that nobody is. Its `token` must
 * work without a page. What is not sent in time makes the browser try again later, a few times.
 */
export function answerSync<E extends object>(scope: SyncScope, open: () => Tidewire<E> | undefined | Promise<Tidewire<E> | undefined>): void {
  scope.addEventListener('sync', (event) => {
    if (event.tag === TAG) event.waitUntil(drained(open));
  });
}

async function drained<E extends object>(open: () => Tidewire<E> | undefined | Promise<Tidewire<E> | undefined>): Promise<void> {
  const tw = await open();
  if (tw === undefined) return;
  tw.start();
  try {
    await tw.ready;
    void tw.process();
    await emptied(tw);
  } finally {
    tw.stop();
  }
}

/** Resolves when nothing waits any more; rejects when that takes too long. */
function emptied<E extends object>({ outbox }: Tidewire<E>): Promise<void> {
  return new Promise((resolve, reject) => {
    let stop = (): void => undefined;
    const look = (): void => {
      const { ready, pending } = outbox.get();
      if (!ready || pending > 0) return;
      stop();
      resolve();
    };
    const unsubscribe = outbox.subscribe(look);
    const stopTimer = systemClock().after(PATIENCE, () => {
      stop();
      reject(new Error(`${outbox.get().pending} writes still wait`));
    });
    stop = () => {
      unsubscribe();
      stopTimer();
    };
    look();
  });
}
