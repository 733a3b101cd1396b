// The same engine as plain JavaScript, for where there is no WebAssembly: Hermes, and pages whose policy forbids it.

import { instantiate as instantiateJs } from '../generated/engine-js.js';
import type { CreateEngine, EngineExports } from './binding.js';
import { bindEngine } from './binding.js';

/** A fresh instance with memory of its own. */
export function instantiate(): EngineExports {
  return instantiateJs();
}

export const createEngine: CreateEngine = (config, seed, now) => bindEngine(instantiate(), config, seed, now);
