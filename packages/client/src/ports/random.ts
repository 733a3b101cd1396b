// Randomness of the platform.
import type { RandomPort } from './port.js';

export function cryptoRandom(): RandomPort {
  return { seed: () => crypto.getRandomValues(new Uint8Array(32)) };
}
