// What people are told about the queue.
import type { WriteSnapshot } from '@tidewire/client';
import { describe, expect, it } from 'vitest';
import { lanes, shownNext } from '../src/outbox/lanes.ts';
import { reason } from '../src/outbox/words.ts';

describe('outbox', () => {
  it('Q13 says in plain words why something was refused', () => {
    expect(reason({ name: 'activity.rename', error: { code: 'CONFLICT', status: 412 } }, 'Midnight run')).toBe('Somebody else renamed it first: it is called “Midnight run” now.');
    expect(reason({ name: 'message.send', error: { code: 'PERMANENT', status: 404, data: { error: { message: 'there is no such activity' } } } })).toBe('The server says: there is no such activity.');
    expect(reason({ name: 'message.send', error: { code: 'EXPIRED' } })).toBe('It waited too long.');
  });

  it('Q6 shows lanes in the order of their oldest write, what has just left in its place', () => {
    const write = (id: string, lane: string): WriteSnapshot => ({ id, lane, name: '', label: id, variables: {}, state: 'durable' });
    const before = shownNext([], [write('1', 'a'), write('2', 'b'), write('x', 'b')], []);
    expect(lanes(shownNext(before, [write('2', 'b'), write('3', 'a')], [write('x', 'b')])).map(({ name, writes }) => [name, writes.map(({ write: { id }, gone }) => `${id}${gone ? ' gone' : ''}`)])).toEqual([
      ['a', ['1 gone', '3']],
      ['b', ['2']],
    ]);
  });
});
