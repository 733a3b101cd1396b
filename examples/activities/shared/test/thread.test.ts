// The reading order of a chat, and how far it was read.
import { describe, expect, it } from 'vitest';
import { thread } from '../src/chat/thread.ts';
import type { Message } from '../src/domain/types.ts';

const NOW = new Date(2026, 2, 5, 18, 0).getTime();

function message(id: string, senderId: string, hour: number, minute: number, readBy: string[] = [], day = 5): Message {
  return { id, activityId: 'swim', senderId, text: id, createdAt: new Date(2026, 2, day, hour, minute).toISOString(), readBy };
}

describe('thread', () => {
  it('turns newest first into oldest first', () => {
    const entries = thread([message('c', 'ana', 12, 2), message('b', 'ben', 12, 1), message('a', 'ana', 12, 0)], NOW);
    expect(entries.map(({ message }) => message.id)).toEqual(['a', 'b', 'c']);
  });

  it('one read receipt stands for everything before it, and for nothing after', () => {
    const entries = thread([message('c', 'ana', 12, 2), message('b', 'ana', 12, 1, ['ben']), message('a', 'ana', 12, 0)], NOW);
    expect(entries.map(({ readBy }) => readBy)).toEqual([['ben'], ['ben'], []]);
  });

  it('a sender does not count as a reader of their own message', () => {
    const [first] = thread([message('b', 'ben', 12, 1, ['ana']), message('a', 'ana', 12, 0)], NOW);
    expect(first?.readBy).toEqual([]);
  });

  it('names each day once, and yesterday is not today', () => {
    const entries = thread([message('c', 'ana', 9, 0), message('b', 'ana', 8, 0), message('a', 'ana', 23, 59, [], 4)], NOW);
    expect(entries.map(({ day }) => day)).toEqual(['Yesterday', 'Today', undefined]);
  });

  it('a run ends with another person, or after five minutes', () => {
    const entries = thread([message('d', 'ana', 12, 10), message('c', 'ben', 12, 3), message('b', 'ana', 12, 2), message('a', 'ana', 12, 0)], NOW);
    expect(entries.map(({ first, last }) => [first, last])).toEqual([[true, false], [false, true], [true, true], [true, true]]);
    const later = thread([message('b', 'ana', 12, 5), message('a', 'ana', 12, 0)], NOW);
    expect(later.map(({ first }) => first)).toEqual([true, true]);
  });
});
