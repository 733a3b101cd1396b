// What a page and a phone have each in their own way. Each app makes one `Device`, in its `src/device.ts`; everything else here is the same for both.
import type { Platform, TidewireOptions } from '@tidewire/client';
import { createContext, use, useCallback, useSyncExternalStore } from 'react';
import type { Events } from './tidewire/events.ts';

export interface Device {
  /** Where the server is; '' for a page that it serves itself. */
  readonly server: string;
  /** Tidewire's ports: store, network, visibility, randomness and the like. */
  readonly platform: Platform;
  /** Where the session is kept. */
  readonly drawer: Drawer;
  /** What else Tidewire is told on this device. */
  readonly client?: Pick<TidewireOptions<Events>, 'env' | 'fetch' | 'request'>;
}

/** Small things that survive a restart of the app. */
export interface Drawer {
  get(name: string): string | null;
  /** Null removes it. */
  set(name: string, value: string | null): void;
}

const Context = createContext<Device | null>(null);

/** `<SignedIn>` is one. */
export const DeviceProvider = Context;

export function useDevice(): Device {
  const device = use(Context);
  if (device === null) throw new Error('There is no <SignedIn> around this.');
  return device;
}

/** Whether the app is looked at. */
export function useInFront(): boolean {
  const { visibility } = useDevice().platform;
  const subscribe = useCallback((changed: () => void) => visibility.watch({ foreground: changed, background: changed, leaving: changed, returned: changed }), [visibility]);
  return useSyncExternalStore(subscribe, () => visibility.current() === 'Foreground');
}
