// React Native as a platform of the client. Inert until it is used: nothing is opened, read or listened to here.
import { browser, type Platform, type StorePort, type VisibilityPort } from '@tidewire/client';
import { appStateVisibility, type AppStateLike } from './ports/app-state.js';
import type { WatchedStorePort } from './ports/cells.js';
import { netInfoNetwork, type NetInfoLike } from './ports/net-info.js';
import { oneProcess } from './ports/one-process.js';
import { randomOf, type GetRandomValues } from './ports/random.js';

export interface ReactNativeOptions {
  /** `AppState` of `react-native`. */
  readonly appState: AppStateLike;
  /** Where writes wait: `mmkvStore(...)`, `asyncStorageStore(...)`, or a store of one's own. */
  readonly storage: StorePort | WatchedStorePort;
  /** The default export of `@react-native-community/netinfo`. Left out: the network is unknown, and tried as it comes. */
  readonly netInfo?: NetInfoLike;
  /** `getRandomValues` of `expo-crypto`. Left out: the global `crypto`. */
  readonly getRandomValues?: GetRandomValues;
}

export function reactNative({ appState, storage, netInfo, getRandomValues }: ReactNativeOptions): Platform {
  // The timer, the sockets and the requests are those of the web.
  const { clock, socket, polling } = browser();
  const watched = 'watch' in storage ? storage : undefined;
  const visibility: VisibilityPort = appStateVisibility(appState, () => {
    // What cannot be looked at now is looked at before the next write.
    watched?.look().catch(() => undefined);
  });
  return {
    store: storage,
    socket,
    ...(polling !== undefined && { polling }),
    clock,
    network: netInfo === undefined ? { current: () => 'Unknown', watch: () => () => undefined } : netInfoNetwork(netInfo),
    visibility,
    tabs: oneProcess((partition, emptied) => watched?.watch(partition, emptied) ?? (() => undefined)),
    random: randomOf(getRandomValues),
  };
}
