// What is stored of a base, and what becomes of it where two tabs store the same one.
import { describe, expect, it } from 'vitest';
import type { Position } from '@tidewire/client';
import { decode, encode, type StoredValue } from '../src/cache/stored.js';

const place = (room: string, offset: number, epoch = 'k3j'): Position => ({ room, epoch, offset });
const base = (data: unknown, positions: Position[], carries: string[] = []): StoredValue => ({ queryKey: ['a'], data, positions, carries, updatedAt: 5, invalidated: false });

/** What stands after `first` was stored, then `second` by a tab that knows nothing of it. */
function stands(first: StoredValue, second: StoredValue): StoredValue | undefined {
  const [one, two] = [encode('h', first), encode('h', second)];
  return decode({ key: 'q/h', value: String(two?.over?.(String(one?.value))) });
}

describe('stored bases', () => {
  it('come back as they were, line breaks and all', () => {
    const value = base({ text: 'a\nb\u2028' }, [place('r', 3)], ['w1']);
    expect(decode({ key: 'q/h', value: String(encode('h', value)?.value) })).toEqual(value);
  });

  it('Q19 a tab that is behind does not put its base over a newer one, which takes what it carries', () => {
    const newer = base('new', [place('r', 9), place('s', 2)], ['w2']);
    expect(stands(newer, base('old', [place('r', 8), place('s', 2)], ['w1']))).toEqual({ ...newer, carries: ['w2', 'w1'] });
  });

  it.each([
    ['as new', [place('r', 9)]],
    ['newer', [place('r', 10)]],
    ['of another history', [place('r', 1, 'other')]],
    ['ahead in one room, behind in another', [place('r', 10), place('s', 1)]],
    ['of a room that is new', [place('r', 9), place('t', 1)]],
    ['without a place', []],
  ])('Q19 a base %s takes its place', (_, positions) => {
    const mine = base('mine', positions);
    expect(stands(base('theirs', [place('r', 9), place('s', 2)]), mine)).toEqual(mine);
  });

  it('takes the place of what is no base', () => {
    const write = encode('h', base('mine', [place('r', 1)]));
    for (const junk of ['', '{}', '{"format":1}\n1', new Uint8Array([1])]) expect(write?.over?.(junk)).toBe(write?.value);
  });
});
