// Replays a trace on one engine and takes every batch and result through the TypeScript codec on the way. Runs on V8 and on
// Hermes: no Node, no class syntax, no TextDecoder.

import type { RawEngine } from '../../src/engine/binding.js';
import { newReader, newWriter, written } from '../../src/engine/bytes.js';
import type { ByteReader, ByteWriter } from '../../src/engine/bytes.js';
import { FINGERPRINT, getStepResult, putBatch, putInit } from '../../src/generated/protocol.js';
import { getBatch, getInit, putStepResult } from '../../src/generated/protocol-inspect.js';

/** What one trace gave. */
export interface Outcome {
  readonly name: string;
  readonly calls: number;
  readonly bytes: number;
  readonly hash: string;
  readonly expected: string;
  /** The first thing that was otherwise than recorded. */
  readonly difference?: string;
}

function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(text.substr(i * 2, 2), 16);
  return bytes;
}

function toHex(number: number): string {
  return ('0000000' + (number >>> 0).toString(16)).slice(-8);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function fnv(hash: number, bytes: Uint8Array): number {
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash;
}

/** Decoding and encoding again gives the same bytes. */
function survives<T>(bytes: Uint8Array, get: (r: ByteReader) => T, put: (w: ByteWriter, value: T) => void): boolean {
  const r = newReader(bytes);
  const w = newWriter(16);
  put(w, get(r));
  return r.at === r.end && same(written(w), bytes);
}

export function replay(name: string, text: string, newEngine: () => RawEngine): Outcome {
  let engine: RawEngine | undefined;
  let result = new Uint8Array(0);
  let hash = 0x811c9dc5;
  let second = 0x12345678;
  let calls = 0;
  let bytes = 0;
  let expected = '';
  let difference: string | undefined;
  const lines = text.split('\n');
  for (let i = 0; i < lines.length && difference === undefined; i++) {
    const line = lines[i]!;
    const space = line.indexOf(' ');
    const key = line.slice(0, space);
    const value = line.slice(space + 1);
    const at = 'line ' + (i + 1) + ': ';
    if (key === 'format' && value !== FINGERPRINT) {
      difference = at + 'recorded with another format';
    } else if (key === 'init') {
      const init = fromHex(value);
      if (!survives(init, getInit, putInit)) difference = at + 'the codec changes this init';
      engine = newEngine();
      engine.init(init);
    } else if (key === '>') {
      const batch = fromHex(value);
      if (!survives(batch, getBatch, putBatch)) difference = at + 'the codec changes this batch';
      // A copy: the next call overwrites it.
      result = engine!.step(batch).slice();
      if (!survives(result, getStepResult, putStepResult)) difference = at + 'the codec changes this result';
      hash = fnv(hash, result);
      second = fnv(second, result);
      calls++;
      bytes += result.length;
    } else if (key === '<' && !same(result, fromHex(value))) {
      difference = at + 'another result';
    } else if (key === '~' && toHex(fnv(0x811c9dc5, result)) !== value) {
      difference = at + 'another result';
    } else if (key === 'hash') {
      expected = value;
    }
  }
  return { name, calls, bytes, hash: toHex(hash) + toHex(second), expected, ...(difference ? { difference } : {}) };
}
