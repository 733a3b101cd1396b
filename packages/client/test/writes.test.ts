import { describe, expect, it, vi } from 'vitest';
import type { EngineOutput, WriteState } from '../src/generated/protocol.js';
import { defineMutation } from '../src/rules.js';
import type { TidewireOptions } from '../src/client.js';
import type { AnyEvents, CachePort, LayerRecord } from '../src/types.js';
import { FakePlatform, quiet, sharedStore } from './support/platform.js';
import { rig } from './support/rig.js';

const write = (id: string, state: WriteState): EngineOutput => ({ kind: 'Write', write: id, state });
const layer = (id: string, name: string, variables: unknown, restored = false): EngineOutput => ({
  kind: 'LayerAdded',
  write: id,
  name,
  version: 1,
  variables: JSON.stringify(variables),
  restored,
});
const applied = (body?: string): WriteState => ({ kind: 'Acknowledged', status: 201, body, replayed: false });

const onSuccess = vi.fn();
const onError = vi.fn();
const like = defineMutation<string>({
  name: 'like',
  version: 1,
  request: (id) => ({ method: 'POST', path: `/api/activities/${id}/like` }),
  optimistic: (id, cache) => cache.patch('activity', id, (item) => ({ ...item, liked: true })),
  label: (id) => `Like ${id}`,
  onSuccess,
  onError,
});

function setUp(options: Partial<TidewireOptions<AnyEvents>> = {}, platform = new FakePlatform()) {
  onSuccess.mockReset();
  onError.mockReset();
  const made = rig({ mutations: [like], ...options }, platform);
  let count = 0;
  made.engine.onCommand = (command) => {
    if (command.kind !== 'Submit') return {};
    const id = `w${(count += 1)}`;
    const added = command.write.optimistic ? [layer(id, command.write.name, JSON.parse(command.write.variables))] : [];
    return { result: { kind: 'Accepted', write: id }, outputs: added };
  };
  return made;
}

const blankCache = (): CachePort => ({
  event: () => undefined,
  layerAdded: () => undefined,
  layerChanged: () => undefined,
  layerRetired: () => undefined,
  settled: () => undefined,
  notApplied: () => undefined,
  baseRefused: () => undefined,
  refetch: () => undefined,
  commit: () => undefined,
  restore: () => undefined,
  dirty: () => [],
});

describe('submit', () => {
  it('freezes request, variables and lane into the submission', () => {
    const { tw, engine } = setUp();
    tw.submit(like, 'a1');
    expect(engine.last('Submit')?.write).toEqual({
      name: 'like',
      version: 1,
      variables: '"a1"',
      method: 'POST',
      path: '/api/activities/a1/like',
      body: undefined,
      lane: undefined,
      optimistic: true,
      keepLayerWhenParked: false,
      idempotent: false,
      verify: false,
      ttl: undefined,
      touched: [],
      dependsOn: [],
      tempIds: [],
      dedupeKey: undefined,
      coalesce: { kind: 'None' },
      onConflict: false,
      tries: undefined,
    });
    tw.submit({ ...like, maxRetries: 7 }, 'a1');
    expect(engine.last('Submit')?.write).toMatchObject({ tries: 7 });
    tw.submit({ method: 'PUT', path: '/x', body: { a: 1 }, maxRetries: 1 });
    expect(engine.last('Submit')?.write).toMatchObject({ tries: 1 });
    tw.submit({ method: 'PUT', path: '/x', body: { a: 1 }, lane: 'global', ttl: 5 });
    expect(engine.last('Submit')?.write).toMatchObject({ name: '', variables: '{"a":1}', body: '{"a":1}', lane: 'global', optimistic: false, idempotent: true, ttl: 5 });
  });

  it('Q4 the layer shows within the call', () => {
    const { tw } = setUp();
    const seen: LayerRecord[] = [];
    const commits = vi.fn();
    tw.attachCache({ ...blankCache(), layerAdded: (record) => seen.push(record), commit: commits });
    const handle = tw.submit(like, 'a1');
    expect(handle.id).toBe('w1');
    expect(seen).toMatchObject([{ write: 'w1', name: 'like', variables: 'a1', restored: false }]);
    expect(commits).toHaveBeenCalled();
    const ops: unknown[] = [];
    seen[0]?.optimistic?.({ patch: (...op) => ops.push(op), insert: () => undefined, remove: () => undefined }, { user: 'ana', writeId: 'w1' });
    expect(ops).toEqual([['activity', 'a1', expect.any(Function)]]);
  });

  it('the layer of an unnamed write is its own', () => {
    const { tw } = setUp();
    const optimistic = vi.fn();
    const seen: LayerRecord[] = [];
    tw.attachCache({ ...blankCache(), layerAdded: (record) => seen.push(record) });
    tw.submit({ method: 'POST', path: '/x', optimistic });
    expect(seen[0]?.optimistic).toBe(optimistic);
  });

  it.each([
    ['QueueFull', 'QUEUE_FULL'],
    ['TooLarge', 'TOO_LARGE'],
    ['Malformed', 'MALFORMED'],
  ] as const)('Q15 a refusal (%s) arrives on durable', async (refusal, code) => {
    const { tw, engine } = setUp();
    engine.onCommand = () => ({ result: { kind: 'Refused', refusal } });
    const handle = tw.submit(like, 'a1');
    expect(handle.id).toMatch(/^refused-/);
    expect(tw.write(handle.id)).toBeUndefined();
    await expect(handle.durable).rejects.toMatchObject({ code });
    expect(handle.cancel()).toBe(false);
    expect(tw.outbox.get().writes).toEqual([]);
  });

  it('A2 a refused submission has an id of its own, and its definition hears of it once, after the caller', async () => {
    const { tw, engine } = setUp();
    engine.onCommand = () => ({ result: { kind: 'Refused', refusal: 'QueueFull' } });
    const [one, two] = [tw.submit(like, 'a1'), tw.submit(like, 'a2')];
    expect(one.id).not.toBe(two.id);
    expect(onError).not.toHaveBeenCalled();
    await quiet();
    expect(onError.mock.calls).toEqual([
      [expect.objectContaining({ code: 'QUEUE_FULL' }), { writeId: one.id, variables: 'a1', user: 'ana' }],
      [expect.objectContaining({ code: 'QUEUE_FULL' }), { writeId: two.id, variables: 'a2', user: 'ana' }],
    ]);
    // A change of a write that stands is refused without the write having failed.
    tw.edit('w1', like, 'a3');
    await quiet();
    expect(onError).toHaveBeenCalledTimes(2);
  });

  it('an unknown name is refused', async () => {
    await expect(setUp().tw.submit('nobody', 1).durable).rejects.toMatchObject({ code: 'UNKNOWN_MUTATION' });
  });

  it('by name is the same as by definition', () => {
    const { tw, engine } = setUp();
    tw.submit('like', 'a1');
    expect(engine.last('Submit')?.write).toMatchObject({ name: 'like', path: '/api/activities/a1/like' });
  });
});

describe('a write on its way', () => {
  it('Q22 durable, sent, acknowledged, settled; then it is gone', async () => {
    const { tw, say } = setUp();
    const handle = tw.submit(like, 'a1');
    const states = async (...outputs: EngineOutput[]) => {
      await say(...outputs);
      return tw.outbox.get().writes.map(({ state }) => state);
    };
    expect(tw.outbox.get().writes).toEqual([{ id: 'w1', name: 'like', label: 'Like a1', variables: 'a1', state: 'queued' }]);
    expect(await states(write('w1', { kind: 'Durable' }))).toEqual(['durable']);
    await handle.durable;
    expect(await states(write('w1', { kind: 'Sending', attempt: 1 }))).toEqual(['sending']);
    expect(await states(write('w1', { kind: 'Retrying', status: 503 }))).toEqual(['retrying']);
    expect(tw.outbox.get().writes[0]?.error).toEqual({ code: 'RETRYING', status: 503 });
    expect(await states(write('w1', applied('{"id":7}')))).toEqual(['acknowledged']);
    expect(await handle.acknowledged).toEqual({ status: 201, data: { id: 7 }, replayed: false });
    expect(await states(write('w1', { kind: 'Settled' }))).toEqual([]);
    await handle.settled;
    expect(tw.write('w1')).toBeUndefined();
  });

  it('an answer that is not JSON stays text', async () => {
    const { tw, say } = setUp();
    const handle = tw.submit(like, 'a1');
    await say(write('w1', applied('<html>')));
    expect((await handle.acknowledged).data).toBe('<html>');
  });

  it('Q13 parked: kept with its reason, and acknowledged rejects', async () => {
    const { tw, say } = setUp();
    const handle = tw.submit(like, 'a1');
    await say(write('w1', { kind: 'Parked', reason: 'Conflict', status: 412, body: '{"error":"x"}' }));
    await expect(handle.acknowledged).rejects.toMatchObject({ code: 'CONFLICT', status: 412, data: { error: 'x' } });
    expect(tw.outbox.get().writes).toMatchObject([{ id: 'w1', state: 'parked', error: { code: 'CONFLICT', status: 412, data: { error: 'x' } } }]);
  });

  it.each([
    ['Full', 'STORE_FULL'],
    ['Failed', 'STORE_FAILED'],
  ] as const)('Q4 the store refused it (%s): all promises say so, and it is gone', async (error, code) => {
    const { tw, say } = setUp();
    const handle = tw.submit(like, 'a1');
    await say(write('w1', { kind: 'Refused', error }));
    await expect(handle.durable).rejects.toMatchObject({ code });
    await expect(handle.acknowledged).rejects.toMatchObject({ code });
    await expect(handle.settled).rejects.toMatchObject({ code });
    expect(tw.outbox.get().writes).toEqual([]);
  });

  it('no promise of a handle surfaces', async () => {
    const surfaced = vi.fn();
    process.on('unhandledRejection', surfaced);
    const { tw, engine, say } = setUp();
    tw.submit(like, 'a1');
    await say(write('w1', { kind: 'Discarded' }));
    engine.onCommand = () => ({ result: { kind: 'Refused', refusal: 'QueueFull' } });
    tw.submit(like, 'a2');
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', surfaced);
    expect(surfaced).not.toHaveBeenCalled();
  });

  it('intents go to the engine, and its answer comes back', () => {
    const { tw, engine } = setUp();
    const handle = tw.submit(like, 'a1');
    engine.onCommand = (command) => ({ result: command.kind === 'Cancel' ? { kind: 'Refused', refusal: 'AlreadySent' } : { kind: 'Accepted' } });
    expect(handle.cancel()).toBe(false);
    expect(tw.retry('w1')).toBe(true);
    expect(tw.discard('w1')).toBe(true);
    tw.process();
    tw.setProcessing(false);
    expect(engine.kinds().slice(-5)).toEqual(['Cancel', 'Retry', 'Discard', 'Process', 'SetProcessing']);
  });
});

describe('the outbox snapshot', () => {
  it('Q22 has the numbers, wall time, and the durability of the store', async () => {
    const { tw, platform, say } = setUp({}, new FakePlatform(sharedStore()));
    tw.start();
    await quiet();
    await say({ kind: 'Outbox', status: { ready: true, pending: 2, inFlight: 1, parked: 3, quarantined: 0, bytes: 99, blocked: 'Unreachable', nextAttempt: platform.mono + 700 } });
    expect(tw.outbox.get()).toEqual({
      ready: true,
      pending: 2,
      inFlight: 1,
      parked: 3,
      quarantined: 0,
      bytes: 99,
      blocked: 'unreachable',
      nextAttempt: platform.wall + 700,
      durability: 'power-loss',
      writes: [],
    });
  });

  it('keeps its identity, the list, and each write that did not change; notifies once per drain', async () => {
    const { tw, say } = setUp();
    tw.submit(like, 'a1');
    tw.submit(like, 'a2');
    const before = tw.outbox.get();
    expect(tw.outbox.get()).toBe(before);
    const seen = vi.fn();
    tw.outbox.subscribe(seen);
    await say({ kind: 'Outbox', status: { ready: true, pending: 2, inFlight: 0, parked: 0, quarantined: 0, bytes: 1 } });
    expect(tw.outbox.get().writes).toBe(before.writes);
    await say(write('w1', { kind: 'Durable' }), write('w1', { kind: 'Sending', attempt: 1 }));
    expect(seen).toHaveBeenCalledTimes(2);
    expect(tw.outbox.get().writes[0]).not.toBe(before.writes[0]);
    expect(tw.outbox.get().writes[1]).toBe(before.writes[1]);
  });
});

describe('a write of an earlier session', () => {
  it('Q13 is listed with its name, label and variables although it has no layer', async () => {
    const { tw, say } = setUp();
    tw.start();
    await say(
      { kind: 'WriteFound', write: 'old', name: 'like', version: 1, variables: '"a7"' },
      write('old', { kind: 'Parked', reason: 'Permanent', status: 404 }),
    );
    expect(tw.outbox.get().writes).toMatchObject([{ id: 'old', name: 'like', label: 'Like a7', variables: 'a7', state: 'parked' }]);
  });
});

describe("a definition's callbacks", () => {
  it('A2 run once, with variables and id', async () => {
    const { tw, say } = setUp();
    tw.submit(like, 'a1');
    await say(write('w1', applied()), write('w1', applied()));
    expect(onSuccess).toHaveBeenCalledExactlyOnceWith({ status: 201, data: undefined, replayed: false }, { writeId: 'w1', variables: 'a1', user: 'ana' });
    expect(onError).not.toHaveBeenCalled();
  });

  it('A2 onError is never called twice: parked, then discarded', async () => {
    const { tw, say } = setUp();
    tw.submit(like, 'a1');
    await say(write('w1', { kind: 'Parked', reason: 'Permanent', status: 404 }));
    await say(write('w1', { kind: 'Discarded' }));
    expect(onError).toHaveBeenCalledOnce();
    expect(onError.mock.calls[0]?.[0]).toMatchObject({ code: 'PERMANENT', status: 404 });
  });

  it('A2 after a restart run for the writes that the store held, in the tab that sends, and the handle is found by id', async () => {
    const platform = new FakePlatform(sharedStore());
    const { tw, engine, say } = setUp({}, platform);
    engine.onInput = (input) => {
      if (input.kind === 'Loaded') return [layer('old', 'like', 'a9', true), write('old', { kind: 'Durable' })];
      return [];
    };
    tw.start();
    await say({ kind: 'Load', load: 1 });
    expect(tw.outbox.get().writes).toEqual([{ id: 'old', name: 'like', label: 'Like a9', variables: 'a9', state: 'durable' }]);
    platform.tabsEvents?.granted();
    await quiet();
    expect(engine.last('Leader')).toEqual({ kind: 'Leader', epoch: 1 });
    const handle = tw.write('old');
    await say(write('old', applied('1')));
    expect(onSuccess).toHaveBeenCalledOnce();
    expect(await handle?.acknowledged).toMatchObject({ data: 1 });
  });

  it("do not run for another tab's writes, nor for the store's in a tab that does not send", async () => {
    const platform = new FakePlatform(sharedStore());
    const { tw, engine, say } = setUp({}, platform);
    engine.onInput = (input) => (input.kind === 'Loaded' ? [layer('old', 'like', 'a9', true)] : []);
    tw.start();
    await say({ kind: 'Load', load: 1 });
    await say(write('old', applied()));
    expect(onSuccess).not.toHaveBeenCalled();
    platform.tabsEvents?.granted();
    await quiet();
    await say(layer('theirs', 'like', 'a8', true), write('theirs', applied()));
    expect(onSuccess).not.toHaveBeenCalled();
  });

  it('Q21 a definition of another version does not touch them', async () => {
    const { tw, engine, say } = setUp();
    const seen: LayerRecord[] = [];
    tw.attachCache({ ...blankCache(), layerAdded: (record) => seen.push(record) });
    engine.onInput = (input) => (input.kind === 'Loaded' ? [{ kind: 'LayerAdded', write: 'old', name: 'like', version: 7, variables: '"a9"', restored: true }] : []);
    tw.start();
    await say({ kind: 'Load', load: 1 });
    expect(seen).toEqual([{ write: 'old', name: 'like', version: 7, variables: 'a9', restored: true }]);
  });

  it('one that throws is reported', async () => {
    const { tw, notes, say } = setUp();
    onSuccess.mockImplementation(() => {
      throw new Error('app bug');
    });
    const handle = tw.submit(like, 'a1');
    await say(write('w1', applied()));
    await handle.acknowledged;
    expect(notes).toMatchObject([{ level: 'error' }]);
  });
});
