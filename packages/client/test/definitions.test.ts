// What a definition says beyond its request (Q6 to Q10, Q13, Q21): what reaches the engine, and what the engine's questions get for an answer.
import { describe, expect, it, vi } from 'vitest';
import type { EngineOutput, Input, WriteState } from '../src/generated/protocol.js';
import type { TidewireOptions } from '../src/client.js';
import { defineMutation } from '../src/rules.js';
import type { AnyEvents, CachePort, ConflictDecision, LayerRecord, Verdict } from '../src/types.js';
import { FakePlatform, quiet, sharedStore } from './support/platform.js';
import { rig } from './support/rig.js';

const write = (id: string, state: WriteState): EngineOutput => ({ kind: 'Write', write: id, state });

interface Draft {
  readonly id: string;
  readonly title: string;
}

const create = defineMutation<Draft>({
  name: 'create',
  version: 1,
  request: ({ title }) => ({ method: 'POST', path: '/api/activities', body: { title } }),
  optimistic: ({ id, title }, cache) => cache.insert(['activities'], { id, title }),
  tempIds: ({ id }) => [id],
  realId: ({ data }) => (data as { id?: string }).id,
});
const rename = defineMutation<Draft>({ name: 'rename', version: 1, request: ({ id, title }) => ({ method: 'PATCH', path: `/api/activities/${id}`, body: { title } }), coalesce: 'replace' });
const unlike = defineMutation<string>({ name: 'unlike', version: 1, request: (id) => ({ method: 'DELETE', path: `/api/${id}/like` }), lane: (id) => `like ${id}`, cancels: 'like' });

function setUp(options: Partial<TidewireOptions<AnyEvents>> = {}, platform = new FakePlatform()) {
  const made = rig({ mutations: [create, rename, unlike], ...options }, platform);
  let count = 0;
  made.engine.onCommand = (command) => ('write' in command && command.kind !== 'Submit' && command.kind !== 'Edit' ? {} : { result: { kind: 'Accepted', write: `w${(count += 1)}` } });
  return made;
}

const cacheOf = (more: Partial<CachePort>): CachePort => ({
  event: vi.fn(), layerAdded: vi.fn(), layerChanged: vi.fn(), layerRetired: vi.fn(), settled: vi.fn(), notApplied: vi.fn(), baseRefused: vi.fn(), refetch: vi.fn(), commit: vi.fn(), restore: vi.fn(), dirty: () => [], ...more,
});

describe('what is told of a write', () => {
  it('Q7 Q8 dependence, temporary ids, keys and what it does to the one before', () => {
    const { tw, engine } = setUp();
    const id = tw.tempId();
    expect(id).toMatch(/^[A-Za-z0-9_-]{8,64}$/);
    tw.submit(create, { id, title: 'x' });
    expect(engine.last('Submit')?.write).toMatchObject({ tempIds: [id], dependsOn: [], dedupeKey: undefined, coalesce: { kind: 'None' }, onConflict: false });
    tw.submit(rename, { id, title: 'y' });
    expect(engine.last('Submit')?.write.coalesce).toEqual({ kind: 'Replace' });
    tw.submit(unlike, 'a1');
    expect(engine.last('Submit')?.write.coalesce).toEqual({ kind: 'CancelPair', name: 'like' });
    tw.submit({ method: 'POST', path: '/x', dependsOn: ['w1'], dedupeKey: 'once' });
    expect(engine.last('Submit')?.write).toMatchObject({ dependsOn: ['w1'], dedupeKey: 'once' });
  });

  it('Q21 the engine knows which definitions this build has, also one that is first used later', async () => {
    const { tw, engine } = setUp({ mutations: [create] });
    tw.start();
    await quiet();
    expect(engine.last('Definitions')).toEqual({ kind: 'Definitions', known: [{ name: 'create', version: 1 }] });
    tw.submit(unlike, 'a1');
    await quiet();
    expect(engine.last('Definitions')?.known.map(({ name }) => name)).toEqual(['create', 'unlike']);
  });
});

describe('what is shown of a write', () => {
  it('Q22 its lane, also after a restart or from another tab', async () => {
    const { tw, engine, say } = setUp();
    engine.onInput = (input) => (input.kind === 'Loaded' ? [{ kind: 'WriteFound', write: 'old', name: 'unlike', version: 1, variables: '"a7"' }, write('old', { kind: 'Durable' })] : []);
    tw.start();
    await say({ kind: 'Load', load: 1 });
    expect(tw.outbox.get().writes).toMatchObject([{ id: 'old', lane: 'like a7' }]);
  });
});

describe('what becomes of two writes', () => {
  it('Q8 the same one again is the one that is queued', () => {
    const { tw, engine } = setUp();
    const first = tw.submit(unlike, 'a1');
    engine.onCommand = () => ({ result: { kind: 'Merged', into: first.id } });
    expect(tw.submit(unlike, 'a1').id).toBe(first.id);
  });

  it('Q8 Q13 the promises of one that was replaced end as those of the other', async () => {
    const { tw, say } = setUp();
    const [one, two] = [tw.submit(rename, { id: 'a', title: 'x' }), tw.submit(rename, { id: 'a', title: 'y' })];
    await say(write(one.id, { kind: 'Merged', into: two.id }));
    expect(tw.outbox.get().writes.map(({ id }) => id)).toEqual([two.id]);
    await say(write(two.id, { kind: 'Acknowledged', status: 200, body: '1', replayed: false }), write(two.id, { kind: 'Settled' }));
    expect((await one.acknowledged).data).toBe(1);
    await one.settled;
  });

  it('Q8 a pair that undid itself fails nobody', async () => {
    const onError = vi.fn();
    const like = defineMutation<string>({ name: 'like', version: 1, request: () => ({ method: 'POST', path: '/l' }), onError });
    const { tw, say } = setUp({ mutations: [like] });
    const handle = tw.submit(like, 'a1');
    await say(write(handle.id, { kind: 'Cancelled' }));
    await handle.durable;
    await handle.settled;
    await expect(handle.acknowledged).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(onError).not.toHaveBeenCalled();
    expect(tw.outbox.get().writes).toEqual([]);
  });

  it('Q6 who waits says for whom', async () => {
    const { tw, say } = setUp();
    const [one, two] = [tw.submit(unlike, 'a1'), tw.submit(unlike, 'a1')];
    await say(write(two.id, { kind: 'Durable', behind: one.id }));
    expect(tw.outbox.get().writes[1]).toMatchObject({ state: 'durable', behind: one.id });
    await say(write(two.id, { kind: 'Durable', behind: undefined }));
    expect(tw.outbox.get().writes[1]).not.toHaveProperty('behind');
  });
});

describe('Q7 real names', () => {
  it('Q7 the answer names the temporary ids of its request', async () => {
    const request = vi.fn(() => Promise.resolve({ status: 201, headers: new Headers({ 'Content-Type': 'application/json' }), text: () => Promise.resolve('{"id":"real-1"}') }));
    const { tw, engine, say } = setUp({ request });
    const id = tw.tempId();
    const handle = tw.submit(create, { id, title: 'x' });
    const fetch = { write: handle.id, method: 'POST', path: '/api/activities', headers: [], body: '{}', attempt: 1, kind: 'Write' as const, tempIds: [id] };
    await say({ kind: 'Fetch', fetch: 1, request: fetch });
    expect(engine.last('Responded')?.response.names).toEqual([{ temp: id, real: 'real-1' }]);
    await say({ kind: 'Fetch', fetch: 2, request: { ...fetch, tempIds: [] } });
    expect(engine.last('Responded')?.response.names).toEqual([]);
  });

  it('Q7 layers, what is shown of writes, and whoever asks, follow', async () => {
    const { tw, say } = setUp();
    const changed: LayerRecord[] = [];
    tw.attachCache(cacheOf({ layerChanged: (record) => changed.push(record) }));
    const id = tw.tempId();
    const [parent, other] = [tw.submit(create, { id, title: `named ${id}` }), tw.submit(create, { id: 'else', title: 'x' })];
    const added = (write: string, variables: unknown): EngineOutput => ({ kind: 'LayerAdded', write, name: 'create', version: 1, variables: JSON.stringify(variables), restored: false });
    await say(added(parent.id, { id, title: `named ${id}` }), added(other.id, { id: 'else', title: 'x' }));
    const heard = vi.fn();
    tw.realIds.subscribe(heard);
    await say({ kind: 'Renamed', temp: id, real: 'real-1' });
    expect(tw.realIds.get().get(id)).toBe('real-1');
    expect(heard).toHaveBeenCalledOnce();
    expect(changed).toMatchObject([{ write: parent.id, variables: { id: 'real-1', title: 'named real-1' } }]);
    expect(tw.outbox.get().writes.map(({ variables }) => (variables as Draft).id)).toEqual(['real-1', 'else']);
    const inserted: unknown[] = [];
    changed[0]?.optimistic?.({ insert: (_key, item) => inserted.push(item), patch: () => undefined, remove: () => undefined }, { user: 'ana', writeId: parent.id });
    expect(inserted).toEqual([{ id: 'real-1', title: 'named real-1' }]);
  });
});

describe('Q10 conflicts', () => {
  async function conflicting(decide: () => ConflictDecision<Draft> | Promise<ConflictDecision<Draft>>, leads = true) {
    const onConflict = vi.fn(decide);
    const edit = defineMutation<Draft>({ ...rename, request: ({ id }) => ({ method: 'PATCH', path: `/${id}` }), name: 'edit', onConflict });
    const platform = new FakePlatform(sharedStore());
    const made = setUp({ mutations: [edit] }, platform);
    const handle = made.tw.submit(edit, { id: 'a', title: 'mine' });
    await quiet();
    if (leads) platform.tabsEvents?.granted();
    await quiet();
    expect(made.engine.last('Submit')?.write.onConflict).toBe(true);
    await made.say(write(handle.id, { kind: 'Conflict', status: 412, body: '{"title":"theirs"}' }));
    return { ...made, onConflict, handle };
  }

  it.each([
    ['again', { kind: 'SendAgain' }],
    ['park', { kind: 'Park' }],
    ['discard', { kind: 'Discard' }],
  ] as const)('Q10 the definition decides: %s', async (decision, resolution) => {
    const { engine, onConflict, handle, tw } = await conflicting(() => Promise.resolve(decision));
    expect(onConflict).toHaveBeenCalledExactlyOnceWith({ writeId: handle.id, variables: { id: 'a', title: 'mine' }, status: 412, data: { title: 'theirs' } });
    expect(engine.last('Resolve')).toEqual({ kind: 'Resolve', write: handle.id, resolution });
    expect(tw.outbox.get().writes[0]).toMatchObject({ state: 'conflict', error: { code: 'CONFLICT', status: 412 } });
  });

  it('Q10 other variables take its place', async () => {
    const { engine } = await conflicting(() => ({ variables: { id: 'b', title: 'ours' } }));
    expect(engine.last('Resolve')).toMatchObject({ resolution: { kind: 'Replace', submission: { name: 'edit', path: '/b', variables: '{"id":"b","title":"ours"}' } } });
  });

  it('Q10 a handler that throws parks it, and is reported', async () => {
    const { engine, notes } = await conflicting(() => {
      throw new Error('app bug');
    });
    expect(engine.last('Resolve')?.resolution).toEqual({ kind: 'Park' });
    expect(notes).toMatchObject([{ level: 'error' }]);
  });

  it('Q10 only the tab that sends decides', async () => {
    const { engine, onConflict } = await conflicting(() => 'park', false);
    expect(onConflict).not.toHaveBeenCalled();
    expect(engine.last('Resolve')).toBeUndefined();
  });
});

describe('Q9 Q21 questions of the engine', () => {
  async function asked(output: EngineOutput, kind: 'Verified' | 'Upcasted', mutations: Partial<TidewireOptions<AnyEvents>>['mutations'] & object): Promise<Input | undefined> {
    const { tw, engine, say } = setUp({ mutations });
    tw.start();
    await say(output);
    return engine.last(kind);
  }
  const verify: EngineOutput = { kind: 'Verify', write: 'old', name: 'pay', version: 1, variables: '{"n":1}' };

  it.each<[string, () => Verdict | Promise<Verdict>, object]>([
    ['applied', () => ({ applied: true, data: { n: 2 } }), { kind: 'Applied', body: '{"n":2}' }],
    ['not applied', () => Promise.resolve('not-applied' as const), { kind: 'NotApplied' }],
    ['unknown', () => 'unknown', { kind: 'Unknown' }],
    ['a failure', () => Promise.reject(new Error('offline')), { kind: 'Unknown' }],
  ])('Q9 what became of a write: %s', async (_what, answer, found) => {
    const ask = vi.fn(answer);
    const pay = defineMutation<{ n: number }>({ name: 'pay', version: 1, request: () => ({ method: 'POST', path: '/pay' }), verify: ask });
    expect(await asked(verify, 'Verified', [pay])).toEqual({ kind: 'Verified', write: 'old', found });
    expect(ask).toHaveBeenCalledWith({ n: 1 }, { writeId: 'old', variables: { n: 1 }, user: 'ana' });
  });

  it('Q9 a definition without verify knows nothing', async () => {
    expect(await asked(verify, 'Verified', [])).toMatchObject({ found: { kind: 'Unknown' } });
  });

  const upcast: EngineOutput = { kind: 'Upcast', write: 'old', name: 'note', version: 1, variables: '"text"' };
  const note = defineMutation<{ text: string }>({
    name: 'note',
    version: 2,
    request: (variables) => ({ method: 'POST', path: '/v2/notes', body: variables }),
    upcast: (variables, version) => {
      if (version !== 1) throw new Error('unknown version');
      return { text: String(variables) };
    },
  });

  it('Q21 an old write as this build would submit it', async () => {
    expect(await asked(upcast, 'Upcasted', [note])).toMatchObject({
      write: 'old',
      result: { name: 'note', version: 2, path: '/v2/notes', body: '{"text":"text"}', variables: '{"text":"text"}' },
    });
  });

  it.each([
    ['an upcaster that throws', { ...upcast, version: 7 }, [note]],
    ['none', upcast, [{ ...note, upcast: undefined }]],
    ['no definition', upcast, []],
  ])('Q21 %s leaves it for a later build', async (_what, output, mutations) => {
    expect(await asked(output, 'Upcasted', mutations as never)).toEqual({ kind: 'Upcasted', write: 'old', result: undefined });
  });
});

describe('Q13 parked writes', () => {
  it('Q13 edit puts another one in its place, under a new id', () => {
    const { tw, engine } = setUp();
    const handle = tw.submit(rename, { id: 'a', title: 'x' });
    const edited = tw.edit(handle.id, rename, { id: 'a', title: 'y' });
    expect(edited.id).not.toBe(handle.id);
    expect(engine.last('Edit')).toMatchObject({ write: handle.id, submission: { name: 'rename', variables: '{"id":"a","title":"y"}' } });
    tw.edit(handle.id, { method: 'PUT', path: '/z' });
    expect(engine.last('Edit')).toMatchObject({ submission: { name: '', path: '/z' } });
  });

  it('Q13 export hands all of them out', async () => {
    const { tw, engine, say } = setUp();
    engine.onCommand = (command) => (command.kind === 'Export' ? { outputs: [{ kind: 'Exported', json: '[{"write":"w1"}]' }] } : {});
    expect(await tw.exportWrites()).toEqual([{ write: 'w1' }]);
    engine.onCommand = () => ({ result: { kind: 'Refused', refusal: 'Suspended' } });
    await expect(tw.exportWrites()).rejects.toMatchObject({ code: 'STOPPED' });
    await say({ kind: 'Exported', json: '[]' });
  });

  it('A4 Q13 discard and cancel also work where the server is asked first', () => {
    const { tw, engine } = setUp();
    const handle = tw.submit(unlike, 'a1');
    engine.onCommand = () => ({ result: { kind: 'Asked' } });
    expect([tw.discard('w1'), handle.cancel()]).toEqual([true, true]);
    tw.clear();
    expect(engine.last('Clear')).toEqual({ kind: 'Clear' });
  });
});
