import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseBase } from '../src/host/base-header.js';

interface Vector {
  readonly in: { readonly read: string; readonly text: string };
  readonly out: { readonly error?: string; readonly positions?: [string, string, number][]; readonly applied?: [number, number][] | null };
}

const vectors = JSON.parse(readFileSync(new URL('../../../vectors/wire/headers.json', import.meta.url), 'utf8')) as Vector[];
const bases = vectors.filter((vector) => vector.in.read === 'base');

describe('Y2 Tidewire-Base reads as in vectors/wire/headers.json', () => {
  it('has vectors', () => expect(bases.length).toBeGreaterThan(10));

  it.each(bases.map((vector) => [vector.in.text, vector.out] as const))('%j', (text, { error, positions, applied }) => {
    const info = parseBase(text, 'me');
    if (error !== undefined) return expect(info).toBeUndefined();
    expect(info).toEqual({
      positions: positions?.map(([room, epoch, offset]) => ({ room, epoch, offset })),
      ...(applied === null || applied === undefined ? {} : { applied: { client: 'me', ranges: applied.map(([from, to]) => ({ from, to })) } }),
    });
  });

  it('a claim of sequences means nothing when the request named no client', () => {
    expect(parseBase('a=b:1; applied=1-3', undefined)).toEqual({ positions: [{ room: 'a', epoch: 'b', offset: 1 }] });
  });
});
