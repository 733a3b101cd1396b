// What Background Sync is made of, as far as it is used. Knows no queue.

/** The `sync` event of a service worker, which TypeScript's own types do not have. */
export interface SyncEvent extends Event {
  readonly tag: string;
  waitUntil(work: Promise<unknown>): void;
}

/** The part of `ServiceWorkerGlobalScope` that is used; give it `self`. */
export interface SyncScope {
  addEventListener(type: 'sync', listener: (event: Event) => void): void;
}

/** What TypeScript's own types do not have, because only Chromium does. */
interface Registration extends ServiceWorkerRegistration {
  readonly sync?: { register(tag: string): Promise<void> };
}

/** Asks once for a `sync` with this tag, if there is Background Sync and the app has a service worker. */
export function askForSync(tag: string): void {
  if (typeof navigator === 'undefined' || !('serviceWorker' in navigator)) return;
  // Refused where the person has forbidden it: the writes wait for a page, as everywhere else.
  navigator.serviceWorker.ready.then(({ sync }: Registration) => sync?.register(tag)).catch(() => undefined);
}
