// The browser as a platform. Inert until it is used: nothing is opened, read or listened to here.
import { systemClock } from './clock.js';
import { indexedDbStore, type IndexedDbOptions } from './indexeddb-store.js';
import { browserNetwork } from './network.js';
import { longPolling } from './polling.js';
import type { Platform } from './port.js';
import { cryptoRandom } from './random.js';
import { webSockets } from './socket.js';
import { browserTabs } from './tabs.js';
import { browserVisibility } from './visibility.js';

export function browser(options: { readonly store?: IndexedDbOptions } = {}): Platform {
  return {
    store: indexedDbStore(options.store),
    socket: webSockets(),
    polling: longPolling(),
    clock: systemClock(),
    network: browserNetwork(),
    visibility: browserVisibility(),
    tabs: browserTabs(),
    random: cryptoRandom(),
  };
}
