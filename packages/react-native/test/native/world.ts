// A phone in the test's hand: NetInfo and AppState say what the test says, storage is AsyncStorage's own mock, the server answers when it is told to.
import { act } from '@testing-library/react-native';
import { createAsyncStorage } from '@react-native-async-storage/async-storage/jest';
import type { IncomingResponse, OutgoingRequest, Platform } from '@tidewire/client';
import { asyncStorageStore, reactNative, type NetInfoStateLike, type ReactNativeOptions } from '@tidewire/react-native';

let phones = 0;

export interface Phone {
  readonly platform: Platform;
  /** What NetInfo says. */
  network(isConnected: boolean | null): Promise<void>;
  app(state: 'active' | 'inactive' | 'background'): Promise<void>;
}

export function phone(options: Partial<ReactNativeOptions> = {}): Phone {
  let netListener: ((state: NetInfoStateLike) => void) | undefined;
  let appListener: ((state: string) => void) | undefined;
  const appState = {
    currentState: 'active' as string,
    addEventListener: (_type: 'change', listener: (state: string) => void) => {
      appListener = listener;
      return { remove: () => void (appListener = undefined) };
    },
  };
  const netInfo = {
    addEventListener: (listener: (state: NetInfoStateLike) => void) => {
      netListener = listener;
      listener({ type: 'unknown', isConnected: null, isInternetReachable: null, details: null });
      return () => void (netListener = undefined);
    },
  };
  const storage = asyncStorageStore(createAsyncStorage(`phone-${(phones += 1)}`));
  return {
    platform: reactNative({ appState, netInfo, storage, ...options }),
    network: (isConnected) => act(async () => netListener?.({ type: isConnected === true ? 'wifi' : 'none', isConnected, isInternetReachable: isConnected, details: null })),
    app: (state) =>
      act(async () => {
        appState.currentState = state;
        appListener?.(state);
      }),
  };
}

/** A backend in the test's hand. Requests wait for their answer. */
export class Backend {
  readonly requests: { request: OutgoingRequest; answer(status: number, outcome: string, body?: unknown): Promise<void>; lose(): Promise<void> }[] = [];
  readonly port = (request: OutgoingRequest): Promise<IncomingResponse> =>
    new Promise((resolve, reject) => {
      const headers = (outcome: string): { get(name: string): string | null } => ({ get: (name) => ({ 'content-type': 'application/json', 'tidewire-outcome': outcome })[name.toLowerCase()] ?? null });
      this.requests.push({
        request,
        answer: (status, outcome, body = {}) => act(async () => resolve({ status, headers: headers(outcome), text: () => Promise.resolve(JSON.stringify(body)) })),
        lose: () => act(async () => reject(new TypeError('Network request failed'))),
      });
    });
}
