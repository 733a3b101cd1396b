// The engine as the host loop sees it: messages in, outputs and a deadline back. It only encodes, calls and decodes;
// it must not know sockets, stores or timers, nor whether the engine is WebAssembly or plain JavaScript.

import type { Config, Message, Now, Output, StepResult } from '../generated/protocol.js';
import { ABI_VERSION, getStepResult, putBatch, putInit } from '../generated/protocol.js';
import { newReader, newWriter, written } from './bytes.js';

/** The five C functions of crates/ffi, and their memory. */
export interface EngineExports {
  /** Its buffer is another object after each growth: read it again after each call. */
  readonly memory: { readonly buffer: ArrayBuffer };
  tw_abi_version(): number;
  tw_inbuf(length: number): number;
  tw_init(length: number): number;
  tw_step(length: number): number;
  tw_outbuf(): number;
  /** Only in builds for development: the text of the last panic, ended by a zero byte. */
  tw_panic?(): number;
}

/** What one step gave. */
export interface StepOutput {
  /** The host's work, in order. The reply to a command stands before what that command caused. */
  readonly outputs: readonly Output[];
  /** When to send `{kind: 'Timeout'}`, on the clock of `now.mono`; replaces what was said before. */
  readonly timeout: number | undefined;
}

/** One running engine. */
export interface EngineBinding {
  /**
   * Takes the messages in, in order. What a new engine wants done comes with the first step, which may be empty.
   * Throws a `RangeError` for a value that the border cannot carry (nothing was taken in), and an `EngineError` when the
   * engine broke: it is dead then, make a new one.
   */
  step(messages: readonly Message[], now: Now): StepOutput;
}

/** Makes an engine. `seed` is its only source of randomness: 32 random bytes. */
export type CreateEngine = (config: Config, seed: Uint8Array, now: Now) => EngineBinding;

/** `CRASHED`: a bug in the engine. `BUILD`: engine and codec come from different builds. */
export interface EngineError extends Error {
  readonly code: 'CRASHED' | 'BUILD';
}

function engineError(code: EngineError['code'], message: string): EngineError {
  const error = new Error('tidewire: ' + message) as Error & { code: EngineError['code'] };
  error.name = 'EngineError';
  error.code = code;
  return error;
}

/** The engine by its bytes alone. */
export interface RawEngine {
  /** Bytes of an `Init` in, bytes of a `StepResult` out; these are valid until the next call. */
  init(bytes: Uint8Array): Uint8Array;
  /** Bytes of a `Batch` in, bytes of a `StepResult` out; these are valid until the next call. */
  step(bytes: Uint8Array): Uint8Array;
}

export function rawEngine(engine: EngineExports): RawEngine {
  const version = engine.tw_abi_version();
  if (version !== ABI_VERSION) {
    throw engineError('BUILD', 'the engine speaks version ' + version + ', the codec ' + ABI_VERSION);
  }
  let crash: EngineError | undefined;
  function call(bytes: Uint8Array, run: 'tw_init' | 'tw_step'): Uint8Array {
    if (crash) throw crash;
    try {
      const input = engine.tw_inbuf(bytes.length) >>> 0;
      new Uint8Array(engine.memory.buffer, input, bytes.length).set(bytes);
      const length = engine[run](bytes.length) >>> 0;
      return new Uint8Array(engine.memory.buffer, engine.tw_outbuf() >>> 0, length);
    } catch (cause) {
      const why = panicText(engine) ?? String(cause);
      crash = engineError('CRASHED', 'the engine stopped (' + why + '); its state is lost, make a new one');
      throw crash;
    }
  }
  return {
    init: (bytes) => call(bytes, 'tw_init'),
    step: (bytes) => call(bytes, 'tw_step'),
  };
}

function panicText(engine: EngineExports): string | undefined {
  const at = engine.tw_panic?.() ?? 0;
  if (at === 0) return undefined;
  const bytes = new Uint8Array(engine.memory.buffer);
  let text = '';
  for (let i = at >>> 0; bytes[i]; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

/** An engine in this instance; each engine needs an instance of its own. */
export function bindEngine(engine: EngineExports, config: Config, seed: Uint8Array, now: Now): EngineBinding {
  const raw = rawEngine(engine);
  const w = newWriter(1024);

  function answer(bytes: Uint8Array): Extract<StepResult, { kind: 'Done' }> {
    const r = newReader(bytes);
    const result = getStepResult(r);
    if (result.kind === 'Failed') {
      const failure = result.failure;
      const why = failure.kind === 'Malformed' ? failure.error.problem + ' at byte ' + failure.error.at : failure.kind;
      throw engineError('BUILD', 'the engine does not understand the codec (' + why + ')');
    }
    if (r.at !== r.end) throw engineError('BUILD', "the engine's answer has bytes left over");
    return result;
  }

  putInit(w, { config, seed, now: whole(now) });
  answer(raw.init(written(w)));
  return {
    step(messages, now) {
      w.at = 0;
      putBatch(w, { now: whole(now), messages });
      const { outputs, timeout } = answer(raw.step(written(w)));
      return { outputs, timeout };
    },
  };
}

/** Clocks of browsers count fractions of a millisecond; the engine does not. */
function whole(now: Now): Now {
  return { mono: Math.floor(now.mono), wall: Math.floor(now.wall) };
}
