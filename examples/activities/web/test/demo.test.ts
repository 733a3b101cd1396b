// What the demo's page makes of what the phones tell: counts are right, and a thing that comes twice is told (Q9).
import { describe, expect, it } from 'vitest';
import { aboutRequest } from '../src/phone/what.ts';
import type { Report } from '../src/phone/report.ts';
import { controlIn } from '../src/stage/control.ts';
import { BEGINNING, progress } from '../src/stage/guide.ts';
import { after, afterKill, EMPTY, fastest, sums, type Ledger, type Person } from '../src/stage/ledger.ts';
import { standing } from '../src/stage/words.ts';

type Told = readonly [Person, Report, number?];
const state = (changes: Partial<Extract<Report, { kind: 'state' }>> = {}): Report => ({ kind: 'state', connection: 'online', dark: false, pending: [], parked: [], ...changes });
const of = (...told: readonly Told[]): Ledger => told.reduce((ledger, [by, report, now]) => after(ledger, by, report, now ?? 0), EMPTY);
const like = { write: 'w1', what: 'activity.like', thing: 'swim' };
const both: readonly Told[] = [['ana', state()], ['ben', state()]];

describe('ledger', () => {
  it('follows a like from the hand to the other screen', () => {
    const ledger = of(
      ...both,
      ['ana', { kind: 'sent', ...like, tapped: 1_000 }],
      ['ben', { kind: 'heard', what: 'activity.like', thing: 'swim', at: 1_014 }],
      ['ana', { kind: 'answered', write: 'w1', outcome: 'applied' }],
    );
    expect(sums(ledger)).toEqual({ sent: 1, applied: 1, replayed: 0, seen: 1, twice: 0 });
    expect(fastest(ledger)?.took).toBe(14);
    expect(ledger.entries.map((entry) => standing(entry, 'Ben'))).toEqual(['with Ben in 14 ms']);
  });

  it('Q9 a write that is asked twice counts once as applied, and as replayed', () => {
    const ledger = of(...both, ['ana', { kind: 'sent', ...like, tapped: 1_000 }], ['ana', { kind: 'sent', ...like, tapped: null }], ['ana', { kind: 'answered', write: 'w1', outcome: 'replayed' }]);
    expect(sums(ledger)).toMatchObject({ sent: 1, applied: 1, replayed: 1 });
  });

  it('tells of a message that came twice', () => {
    const said = { write: 'w2', what: 'message.send', thing: 'm1' };
    const heard: Report = { kind: 'heard', what: 'message.send', thing: 'm1', at: 5 };
    expect(sums(of(...both, ['ana', { kind: 'sent', ...said, tapped: null }], ['ben', heard], ['ben', heard])).twice).toBe(1);
  });

  it('asks how fast something was only where both had a network', () => {
    const ledger = of(['ana', state()], ['ben', state({ connection: 'offline', dark: true })], ['ana', { kind: 'sent', ...like, tapped: 1_000 }], ['ben', { kind: 'heard', what: like.what, thing: like.thing, at: 9_000 }]);
    expect(fastest(ledger)).toBeUndefined();
    expect(sums(ledger).seen).toBe(1);
  });

  it('Q13 what was refused is seen by nobody, and is told as taken back once it is gone', () => {
    const refused = of(...both, ['ana', { kind: 'sent', ...like, tapped: null }], ['ana', state({ parked: [like] })], ['ben', { kind: 'heard', what: like.what, thing: like.thing, at: 1 }]);
    expect(refused.entries.map(({ stand, seen }) => [stand, seen])).toEqual([['refused', 0]]);
    expect(after(refused, 'ana', state(), 0).entries.map(({ stand }) => stand)).toEqual(['discarded']);
  });

  it('a read receipt is no change of a person', () => {
    expect(of(['ana', state({ pending: [{ write: 'w', what: 'message.read', thing: 'm' }] })]).entries).toEqual([]);
  });

  it('says how long a killed app was away', () => {
    const back = after(afterKill(of(...both), 'ana', 100), 'ana', state({ pending: [like] }), 450);
    expect(back.phones.ana).toMatchObject({ connection: 'online', backAfter: 350, killedAt: null, pending: 1 });
  });
});

describe('guide', () => {
  it('the tunnel is left when something waited in it and nothing waits outside', () => {
    const three = ['a', 'b', 'c'].map((write) => ({ ...like, write }));
    const inside = progress(BEGINNING, of(['ana', state({ connection: 'offline', dark: true, pending: three })], ['ben', state()]), 0, 0);
    expect(inside).toMatchObject({ entered: true, changed: true, left: false });
    expect(progress(inside, of(...both), 0, 0).left).toBe(true);
    expect(progress(BEGINNING, of(...both), 0, 0).left).toBe(false);
  });
});

describe('words and addresses', () => {
  it('knows what a request is about', () => {
    expect(aboutRequest({ url: 'http://127.0.0.1:4680/api/activities/swim/like', method: 'DELETE' })).toEqual({ what: 'activity.unlike', thing: 'swim' });
    expect(aboutRequest({ url: '/api/activities/swim/messages', method: 'POST', body: '{"id":"m1","text":"Hi"}' })).toEqual({ what: 'message.send', thing: 'm1' });
    expect(aboutRequest({ url: '/tidewire/outcome', method: 'POST', body: '{}' })).toBeUndefined();
  });

  it('takes a control only from a whole address', () => {
    expect(controlIn('#control=4681.0123456789abcdef')).toEqual({ port: 4681, word: '0123456789abcdef' });
    expect(controlIn('#control=99999.0123456789abcdef')).toBeNull();
    expect(controlIn('#control=4681.x')).toBeNull();
    expect(controlIn('')).toBeNull();
  });
});
