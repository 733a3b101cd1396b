// Where the app of the seed finds its backend: a test says it before it imports anything of the app.
import type { TidewireOptions } from '@tidewire/client';
import type { Events } from './events.js';

export type Backend = Pick<TidewireOptions<Events>, 'url' | 'user' | 'token' | 'platform' | 'backend' | 'fetch'>;

let current: Backend | undefined;

export function setBackend(backend: Backend): void {
  current = backend;
}

export function backend(): Backend {
  if (current === undefined) throw new Error('the test has not said where the backend is');
  return current;
}
