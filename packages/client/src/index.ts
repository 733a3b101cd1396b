// Entry for the web and Node: the engine as WebAssembly, inline.
import { newClient, type TidewireOptions } from './client.js';
import type { CreateEngine } from './engine/binding.js';
import { createEngine } from './engine/wasm.js';
import type { AnyEvents, Tidewire } from './types.js';

/** Makes a client. Nothing happens before `start` (or `connect`, `join`, `emit`, `submit`, which imply it). */
export function createTidewire<E extends object = AnyEvents>(options: TidewireOptions<E>): Tidewire<E> {
  return newClient(options, allowed);
}

export * from './shared.js';

/** Says what to do where a page's policy forbids WebAssembly, or there is none. */
const allowed: CreateEngine = (config, seed, now) => {
  try {
    return createEngine(config, seed, now);
  } catch (error) {
    if (typeof WebAssembly === 'object' && !(error instanceof WebAssembly.CompileError)) throw error;
    throw new Error("WebAssembly is not allowed here: import '@tidewire/client/js', or add 'wasm-unsafe-eval' to the page's script-src", { cause: error });
  }
};
