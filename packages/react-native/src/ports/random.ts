// Randomness of the platform: the global `crypto`, or what the app hands over (`getRandomValues` of expo-crypto). Never `Math.random`: ids and keys are made of it.
import type { RandomPort } from '@tidewire/client';

/** `getRandomValues` of `expo-crypto`, or of a global `crypto`. */
export type GetRandomValues = (bytes: Uint8Array) => unknown;

export function randomOf(given: GetRandomValues | undefined): RandomPort {
  return {
    seed() {
      const bytes = new Uint8Array(32);
      const { crypto } = globalThis as { readonly crypto?: { getRandomValues?(bytes: Uint8Array): unknown } };
      if (given !== undefined) given(bytes);
      else if (typeof crypto?.getRandomValues === 'function') crypto.getRandomValues(bytes);
      else throw new Error('There is no crypto.getRandomValues here: pass `getRandomValues` of expo-crypto to reactNative()');
      if (bytes.every((byte) => byte === 0)) throw new Error('getRandomValues filled nothing: it must write into the bytes that it is given');
      return bytes;
    },
  };
}
