// Who is online.
import { describe, expect, it } from 'vitest';
import { NOBODY, online } from '../src/presence/presence.ts';

describe('presence', () => {
  const here = (version: number, ...userIds: string[]) => online(NOBODY, { kind: 'snapshot', said: { version, count: userIds.length, userIds } });

  it('V4 changes after the snapshot count, older ones do not', () => {
    const after = online(here(5, 'ana', 'ben'), { kind: 'offline', said: { userId: 'ben', version: 6 } });
    expect([...after.people]).toEqual(['ana']);
    expect(online(here(5, 'ana', 'ben'), { kind: 'offline', said: { userId: 'ben', version: 5 } }).people.has('ben')).toBe(true);
  });

  it('V4 a snapshot is the state itself, also after a restart of the server', () => {
    expect([...online(here(9, 'ana', 'ben'), { kind: 'snapshot', said: { version: 1, count: 1, userIds: ['cleo'] } }).people]).toEqual(['cleo']);
  });
});
