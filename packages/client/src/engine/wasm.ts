// The engine as WebAssembly, inlined and instantiated synchronously: no fetch, no bundler plugin, nothing at import.

import { ORDER, TEXT } from '../generated/engine-wasm.js';
import type { CreateEngine, EngineExports } from './binding.js';
import { bindEngine } from './binding.js';
import { unpack } from './unpack.js';

let compiled: WebAssembly.Module | undefined;

/** A fresh instance with memory of its own. The code is compiled once. */
export function instantiate(): EngineExports {
  compiled ??= new WebAssembly.Module(unpack(ORDER, TEXT));
  return new WebAssembly.Instance(compiled).exports as unknown as EngineExports;
}

export const createEngine: CreateEngine = (config, seed, now) => bindEngine(instantiate(), config, seed, now);
