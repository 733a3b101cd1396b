// Entry for the web and Node: the engine as WebAssembly, inline.
import { newClient, type TidewireOptions } from './client.js';
import { createEngine } from './engine/wasm.js';
import type { AnyEvents, Tidewire } from './types.js';

/** Makes a client. Nothing happens before `start` (or `connect`, `join`, `emit`, `submit`, which imply it). */
export function createTidewire<E extends object = AnyEvents>(options: TidewireOptions<E>): Tidewire<E> {
  return newClient(options, createEngine);
}

export * from './shared.js';
