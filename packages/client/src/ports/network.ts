// What the browser thinks of the network. Hints only; what follows from them is decided in the engine (C3).
import type { NetworkPort, NetworkWord } from './port.js';

interface NavigatorHints {
  readonly onLine?: boolean | null;
  readonly connection?: EventTarget;
}

export function browserNetwork(): NetworkPort {
  const hints = (): NavigatorHints => (typeof navigator === 'undefined' ? {} : (navigator as NavigatorHints));
  const current = (): NetworkWord => {
    const onLine = hints().onLine;
    if (typeof onLine !== 'boolean') return 'Unknown';
    return onLine ? 'Online' : 'Offline';
  };
  return {
    current,
    watch(callback) {
      if (typeof window === 'undefined') return () => undefined;
      const online = (): void => callback('Online');
      const offline = (): void => callback('Offline');
      const changed = (): void => callback(current() === 'Offline' ? 'Offline' : 'Changed');
      const connection = hints().connection;
      window.addEventListener('online', online);
      window.addEventListener('offline', offline);
      connection?.addEventListener('change', changed);
      return () => {
        window.removeEventListener('online', online);
        window.removeEventListener('offline', offline);
        connection?.removeEventListener('change', changed);
      };
    },
  };
}
