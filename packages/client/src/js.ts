// Entry for Hermes, Jest, and pages whose policy forbids WebAssembly: the same engine as plain JavaScript.
import { newClient, type TidewireOptions } from './client.js';
import { createEngine } from './engine/js.js';
import type { AnyEvents, Tidewire } from './types.js';

/** Makes a client. Nothing happens before `start` (or `connect`, `join`, `emit`, `submit`, which imply it). */
export function createTidewire<E extends object = AnyEvents>(options: TidewireOptions<E>): Tidewire<E> {
  return newClient(options, createEngine);
}

export * from './shared.js';
