// Entry `@tidewire/client/background-sync`: writes that wait are sent by the app's service worker when the network returns, also after the last page was closed. Chromium only;
// elsewhere `syncInBackground` does nothing. The worker is one more tab to the queue: it decides nothing here.
import { askForSync, type SyncEvent, type SyncScope } from './ports/background-sync.js';
import { systemClock } from './ports/clock.js';
import type { Tidewire } from './types.js';

export type { SyncScope } from './ports/background-sync.js';

/** What is used of a client, whatever its events. */
export type SyncClient = Pick<Tidewire<object>, 'start' | 'stop' | 'ready' | 'process' | 'outbox'>;

const TAG = 'tidewire';
/** Milliseconds that a worker tries; a browser ends it a little later. */
const PATIENCE = 20_000;

/** In a page: asks the browser to wake the service worker when there is a network, for as long as writes wait. Returns the way to stop asking. */
export function syncInBackground(tw: Pick<SyncClient, 'outbox'>): () => void {
  let before = 0;
  const look = (): void => {
    const { pending, writes } = tw.outbox.get();
    // Those on disk alone: a worker that is woken at once must find them, or it takes its work for done and is not woken again.
    const stored = pending - writes.filter(({ state }) => state === 'queued').length;
    if (stored > 0 && stored !== before) askForSync(TAG);
    before = stored;
  };
  const stop = tw.outbox.subscribe(look);
  look();
  return stop;
}

/**
 * In the service worker: answers the browser's `sync`. `open` makes the client of whoever is signed in, with the page's `mutations`, or says that nobody is. Its `token` must
 * work without a page. What is not sent in time makes the browser try again later, a few times.
 */
export function answerSync(scope: SyncScope, open: () => SyncClient | undefined | Promise<SyncClient | undefined>): void {
  scope.addEventListener('sync', (event) => {
    const { tag } = event as SyncEvent;
    if (tag === TAG) (event as SyncEvent).waitUntil(drained(open));
  });
}

async function drained(open: Parameters<typeof answerSync>[1]): Promise<void> {
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
function emptied({ outbox }: SyncClient): Promise<void> {
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
