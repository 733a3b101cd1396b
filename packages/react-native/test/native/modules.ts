// The modules that apps hand over, with their own types: this file only has to compile. Nothing of it is run.
import { createAsyncStorage } from '@react-native-async-storage/async-storage';
import NetInfo from '@react-native-community/netinfo';
import type { Platform } from '@tidewire/client';
import { asyncStorageStore, mmkvStore, reactNative } from '@tidewire/react-native';
import { AppState } from 'react-native';
import { createMMKV } from 'react-native-mmkv';

/** `getRandomValues` of expo-crypto 57, which is not installed here. */
declare function getRandomValues<T extends Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array>(typedArray: T): T;

export const withMmkv = (): Platform => reactNative({ appState: AppState, netInfo: NetInfo, storage: mmkvStore(createMMKV({ id: 'tidewire' })) });
/** The default export of AsyncStorage 2.2, as Expo 57 has it; of its types, what is used. */
declare const AsyncStorage2: {
  getAllKeys(): Promise<readonly string[]>;
  multiGet(keys: readonly string[]): Promise<readonly [string, string | null][]>;
  multiSet(keyValuePairs: [string, string][]): Promise<void>;
  multiRemove(keys: readonly string[]): Promise<void>;
};

export const inExpoGo = (): Platform => reactNative({ appState: AppState, netInfo: NetInfo, storage: asyncStorageStore(AsyncStorage2), getRandomValues });
export const withAsyncStorage3 = (): Platform => reactNative({ appState: AppState, netInfo: NetInfo, storage: asyncStorageStore(createAsyncStorage('tidewire')), getRandomValues });
