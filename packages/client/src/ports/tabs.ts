// Tabs of one browser: messages by BroadcastChannel, one leader by a queued Web Lock. Without locks every tab may lead:
// the store's leadership epoch keeps them apart.
import type { TabMessage, TabsPort } from './port.js';

export function browserTabs(): TabsPort {
  return {
    join(partition, events) {
      const name = `tidewire:1:${partition}`;
      const channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(name);
      if (channel !== undefined) {
        channel.onmessage = (event: MessageEvent<unknown>) => {
          if (isTabMessage(event.data)) events.message(event.data);
        };
      }
      let lock: HeldLock | undefined;
      const held = (how: 'wait' | 'steal'): HeldLock =>
        holdLock(name, how, events.granted, () => {
          lock = undefined;
          events.lost();
        });
      return {
        post: (message) => channel?.postMessage(message),
        contend() {
          lock ??= held('wait');
        },
        steal() {
          lock?.release();
          lock = held('steal');
        },
        release() {
          lock?.release();
          lock = undefined;
        },
        leave() {
          lock?.release();
          lock = undefined;
          channel?.close();
        },
      };
    },
  };
}

interface HeldLock {
  release(): void;
}

function holdLock(name: string, how: 'wait' | 'steal', granted: () => void, lost: () => void): HeldLock {
  let over = false;
  const tellGranted = (): void => {
    if (!over) granted();
  };
  const locks = typeof navigator === 'undefined' ? undefined : (navigator as { readonly locks?: LockManager }).locks;
  if (locks === undefined) {
    void Promise.resolve().then(tellGranted);
    return {
      release() {
        over = true;
      },
    };
  }
  const waiting = new AbortController();
  let letGo: () => void = () => undefined;
  const until = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  locks
    .request(name, how === 'steal' ? { steal: true } : { mode: 'exclusive', signal: waiting.signal }, () => {
      if (over) return undefined;
      tellGranted();
      return until;
    })
    // Rejects when the wait was ended by us, or when the lock was stolen.
    .catch(() => {
      if (over) return;
      over = true;
      lost();
    });
  return {
    release() {
      over = true;
      waiting.abort();
      letGo();
    },
  };
}

function isTabMessage(data: unknown): data is TabMessage {
  if (typeof data !== 'object' || data === null || !('key' in data) || !('value' in data)) return false;
  return typeof data.key === 'string' && (data.value === null || data.value instanceof Uint8Array);
}
