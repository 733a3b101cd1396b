// This phone as a device of the shared code: NetInfo, AppState, storage, randomness and where its session is kept. Made once: every client of this app must see the same.
import AsyncStorage from '@react-native-async-storage/async-storage';
import NetInfo from '@react-native-community/netinfo';
import { asyncStorageStore, reactNative } from '@tidewire/react-native';
import type { Device } from 'activities-shared/device.ts';
import { sessionsOn } from 'activities-shared/session/session.ts';
import { AppState } from 'react-native';
import { drawer } from './platform/drawer';
import { getRandomValues } from './platform/random';
import { server } from './platform/server';

export const device: Device = {
  server,
  platform: reactNative({ appState: AppState, netInfo: NetInfo, storage: asyncStorageStore(AsyncStorage), getRandomValues }),
  drawer,
};

export const sessions = sessionsOn(device);
