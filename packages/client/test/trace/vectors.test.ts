// The TypeScript codec reads and writes the values of crates/ffi alike (vectors/ffi), and refuses what the border cannot carry.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ByteReader, ByteWriter } from '../../src/engine/bytes.js';
import { getNumber, getText, newReader, newWriter, putNumber, putText, written } from '../../src/engine/bytes.js';
import * as protocol from '../../src/generated/protocol.js';
import * as inspect from '../../src/generated/protocol-inspect.js';

interface Vectors {
  readonly version: number;
  readonly fingerprint: string;
  readonly values: readonly { readonly type: keyof typeof codecs; readonly bytes: string; readonly value: unknown }[];
}

type Codec = readonly [get: (r: ByteReader) => unknown, put: (w: ByteWriter, value: never) => void];
const codecs = {
  Init: [inspect.getInit, protocol.putInit] as Codec,
  Message: [inspect.getMessage, protocol.putMessage] as Codec,
  Output: [protocol.getOutput, inspect.putOutput] as Codec,
  StepResult: [protocol.getStepResult, inspect.putStepResult] as Codec,
};

/** JSON has neither bytes nor undefined. */
function revive(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('$bytes' in value) return Uint8Array.from(value.$bytes as number[]);
  return value;
}

function withoutAbsent(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutAbsent);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  const present = Object.entries(value).filter(([, field]) => !(field instanceof Object && '$absent' in field));
  return Object.fromEntries(present.map(([name, field]) => [name, withoutAbsent(field)]));
}

const file = new URL('../../../../vectors/ffi/v' + protocol.ABI_VERSION + '.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8'), revive) as Vectors;
const hex = (text: string) => Uint8Array.from(text.match(/../g)!, (pair) => parseInt(pair, 16));

describe('the byte border (P2)', () => {
  test('the codec was generated from the table of the vectors', () => {
    expect(protocol.FINGERPRINT).toBe(vectors.fingerprint);
    expect(vectors.values.length).toBeGreaterThan(150);
  });

  test.each(vectors.values.map((vector, index) => [index, vector.type, vector] as const))('%i %s', (_, type, vector) => {
    const [get, put] = codecs[type];
    const value = withoutAbsent(vector.value);
    const r = newReader(hex(vector.bytes));
    expect(get(r)).toEqual(value);
    expect(r.at).toBe(r.end);
    const w = newWriter(1);
    put(w, value as never);
    expect(written(w)).toEqual(hex(vector.bytes));
  });
});

describe('basic types', () => {
  test.each([-1, 0.5, NaN, Infinity, 2 ** 53])('the number %d is refused before anything is sent', (value) => {
    expect(() => putNumber(newWriter(8), value)).toThrow(RangeError);
  });

  test('a number above 2^53 - 1 is refused when it comes', () => {
    expect(() => getNumber(newReader(hex('80808080808080' + '80' + '01')))).toThrow('2^53');
  });

  test('a lone surrogate becomes U+FFFD, as TextEncoder does it', () => {
    for (const text of ['a\ud800', '\udc00b', '\ud800\ud800', '\ud83dx', '🐎\ud83d']) {
      const w = newWriter(1);
      putText(w, text);
      expect(getText(newReader(written(w)))).toBe(new TextDecoder().decode(new TextEncoder().encode(text)));
    }
  });

  test('texts longer than one call of fromCharCode, and at its edge', () => {
    for (const length of [2047, 2048, 2049, 10_000]) {
      for (const unit of ['a', 'ž', '🐎']) {
        const text = unit.repeat(length);
        const w = newWriter(1);
        putText(w, text);
        expect(getText(newReader(written(w)))).toBe(text);
      }
    }
  });

  test('what ends too early is an error, not a short value', () => {
    expect(() => getText(newReader(hex('0561')))).toThrow('ends too early');
    expect(() => protocol.getOutput(newReader(hex('63')))).toThrow('no Output has this tag');
  });
});
