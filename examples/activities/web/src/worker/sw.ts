// Service worker: keeps the app's shell (page, scripts, styles, fonts) so that it opens without a network. It must not know the
// API: answers of /api and /socket.io belong to a user and live in Tidewire's store, never in this cache.
declare const self: ServiceWorkerGlobalScope;

// The build puts the real values here (build/shell-list.ts).
const files: string[] = JSON.parse(`__SHELL_FILES__`);
const name = 'shell-__SHELL_VERSION__';

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches.open(name).then((cache) => cache.addAll(files.map((file) => new Request(file, { cache: 'reload' })))),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      for (const old of await caches.keys()) if (old !== name) await caches.delete(old);
      await self.clients.claim();
    })(),
  );
});

// The page asks for it when its user wants the new version now; else it takes over when the last page of the old one is closed.
self.addEventListener('message', (event) => {
  if (event.data === 'activate') void self.skipWaiting();
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;

  if (request.mode === 'navigate') {
    if (!ofServer(url.pathname)) event.respondWith(fromShell('/', request));
  } else if (files.includes(url.pathname)) {
    event.respondWith(fromShell(url.pathname, request));
  }
});

/** Pages that the server answers itself. */
function ofServer(path: string): boolean {
  return /^\/(api|socket\.io|tidewire|healthz|readyz|metrics)(\/|$)/.test(path);
}

/** The cache first, so that a network which swallows everything cannot keep the app from opening. */
async function fromShell(path: string, request: Request): Promise<Response> {
  const cache = await caches.open(name);
  return (await cache.match(path)) ?? fetch(request);
}
