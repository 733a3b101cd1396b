// What an app imports: the platform, its stores, and the background drain.
export { reactNative, type ReactNativeOptions } from './react-native.js';
export { drain, type DrainOptions, type DrainResult } from './drain.js';
export { mmkvStore, type MmkvLike } from './ports/mmkv-store.js';
export { asyncStorageStore, type AsyncStorage2Like, type AsyncStorage3Like, type AsyncStorageLike } from './ports/async-storage-store.js';
export type { WatchedStorePort } from './ports/cells.js';
export type { AppStateLike } from './ports/app-state.js';
export type { NetInfoLike, NetInfoStateLike } from './ports/net-info.js';
export type { GetRandomValues } from './ports/random.js';
