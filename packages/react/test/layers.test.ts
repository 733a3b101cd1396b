// Layers, rollback, restarts and the app's own writes (Q4, Q16 to Q18, A3, Y6).

import { dehydrate, hydrate, QueryClient } from '@tanstack/react-query';
import { decode } from '../src/cache/stored.js';
import { describe, expect, it, vi } from 'vitest';
import { bindQueryClient } from '../src/cache/bind.js';
import type { LayerWriter } from '@tidewire/client';
import { STORED_BASES } from '../src/limits.js';
import { at, like, picnic, untyped, type Activity, type Message } from './support/activities.js';
import { makeScene, turns, type Scene } from './support/scene.js';

const other: Activity = { id: 'a2', title: 'Hike', likeCount: 0, liked: false };
const counts = (data: unknown): number[] => (data as Activity[]).map((a) => a.likeCount);

async function loaded(): Promise<Scene> {
  const scene = makeScene();
  await scene.load(['activities'], scene.engine.body([{ ...picnic }, { ...other }], [at('activities', 7)]));
  return scene;
}

describe('layers', () => {
  it('Q4 the layer shows in the tick of the tap, and the engine hears which queries it touched', async () => {
    const scene = await loaded();
    await scene.load(['messages', 'a1'], scene.engine.body([], [at('activity_a1', 0)]));
    scene.engine.tap('w1', 1, like('a1'));
    expect(counts(scene.data(['activities']))).toEqual([2, 0]);
    scene.engine.arrives({ name: 'activity:updated', payload: { id: 'a1', title: 'Feast' }, position: at('activities', 8) });
    scene.timers.advance(16);
    expect(scene.engine.calls.filter((call) => call.startsWith('touched'))).toEqual(['touched w1 1']);
  });

  it('Q17 a layer that touches a query later, by its fetch, is reported for it too', async () => {
    const scene = await loaded();
    scene.engine.tap('w1', 1, like('a1'));
    await scene.load(['activity', 'a1'], scene.engine.body({ ...picnic }, [at('activities', 7)]));
    expect((scene.data(['activity', 'a1']) as Activity).likeCount).toBe(2);
    expect(scene.engine.calls.at(-1)).toBe('touched w1 2');
  });

  it('Q17 a base that carries a write keeps it over a fetch that does not name it', async () => {
    const scene = await loaded();
    await scene.load(['activity', 'a1'], { ...picnic }); // no positions: the event passes it by, so the layer goes on standing there
    const more = (cache: LayerWriter): void => cache.patch<Activity>('activity', 'a1', (a) => ({ ...a, likeCount: a.likeCount + 1 }));
    scene.engine.tap('w1', 1, more);
    scene.engine.arrives({ name: 'activity:updated', payload: { id: 'a1', likeCount: 2 }, position: at('activities', 8), write: 'w1' });
    void scene.queryClient.invalidateQueries({ queryKey: ['activities'] });
    await turns();
    await scene.requests[0]?.answer(scene.engine.body([{ ...picnic, likeCount: 2 }, { ...other }], [at('activities', 8)]));
    expect(counts(scene.data(['activities']))).toEqual([2, 0]);
    expect((scene.data(['activity', 'a1']) as Activity).likeCount).toBe(2);
  });

  it('Q16 a layer that is added again replaces itself', async () => {
    const scene = await loaded();
    const add = (n: number) => (cache: LayerWriter): void => cache.patch<Activity>('activity', 'a1', (a) => ({ ...a, likeCount: a.likeCount + n }));
    scene.engine.tap('w1', 1, add(1));
    scene.engine.tap('w1', 1, add(2));
    expect(counts(scene.data(['activities']))).toEqual([3, 0]);
  });

  it('Q7 a layer whose temporary id has its real name records anew, in its place below later ones', async () => {
    const scene = await loaded();
    const created = (id: string) => (cache: LayerWriter): void => cache.insert<Activity>(['activities'], { id, title: 'New', likeCount: 0, liked: false }, { at: 'end' });
    const titled = (id: string) => (cache: LayerWriter): void => cache.patch<Activity>('activity', id, (a) => ({ ...a, title: `${a.title}!` }));
    scene.engine.tap('w1', 1, created('tmp_1'));
    scene.engine.tap('w2', 2, titled('tmp_1'));
    scene.engine.changed('w1', created('real'));
    scene.engine.changed('w2', titled('real'));
    scene.engine.changed('nobody', created('ghost'));
    expect((scene.data(['activities']) as Activity[]).map(({ id, title }) => [id, title]).at(-1)).toEqual(['real', 'New!']);
    expect(scene.data(['activities'])).toHaveLength(3);
  });

  it('Q18 rollback takes out exactly one layer', async () => {
    const scene = await loaded();
    scene.engine.tap('w1', 1, like('a1'));
    scene.engine.tap('w2', 2, like('a2'));
    scene.engine.refused('w1');
    expect(counts(scene.data(['activities']))).toEqual([1, 1]);
  });

  it('Q16 layers stand in the order in which they came', async () => {
    const scene = await loaded();
    const title = (text: string) => (cache: { patch: <T extends object>(e: string, id: string, fn: (a: T) => T) => void }) =>
      cache.patch<Activity>('activity', 'a1', (a) => ({ ...a, title: `${a.title} ${text}` }));
    scene.engine.tap('w1', 1, title('one'));
    scene.engine.tap('w2', 2, title('two'));
    expect((scene.data(['activities']) as Activity[])[0]?.title).toBe('Picnic one two');
    scene.engine.arrives({ name: 'activity:updated', payload: { id: 'a1', title: 'Feast' }, position: at('activities', 8) });
    scene.timers.advance(16);
    expect((scene.data(['activities']) as Activity[])[0]?.title).toBe('Feast one two');
  });

  it('Q16 a message sent stands at the end and becomes the server\'s own, in place', async () => {
    const scene = makeScene();
    const mine: Message = { id: 'm1', activityId: 'a1', text: 'hi' };
    const watched = await scene.load(['messages', 'a1'], scene.engine.body([], [at('activity_a1', 0)]));
    scene.engine.tap('w1', 1, (cache) => cache.insert(['messages', 'a1'], mine, { at: 'end' }));
    scene.engine.arrives({ name: 'message:new', payload: { ...mine, text: 'hi' }, position: at('activity_a1', 1), write: 'w1' });
    scene.timers.advance(16);
    expect(watched.seen.map((items) => (items as Message[]).length)).toEqual([0, 1]);
    expect(scene.data(['messages', 'a1'])).toEqual([mine]);
  });

  it('Q16 a layer whose function throws leaves the base visible', async () => {
    const scene = await loaded();
    scene.engine.tap('w1', 1, (cache) => cache.patch('activity', 'a1', () => { throw new Error('layer'); }));
    expect(counts(scene.data(['activities']))).toEqual([1, 0]);
  });

  it('Q16 a query\'s own structuralSharing and a raw observer change nothing in it', async () => {
    const queryClient = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, gcTime: Infinity, structuralSharing: false } } });
    const scene = makeScene({ rules: untyped, queryClient });
    const { seen } = await scene.load(['activities'], scene.engine.body([{ ...picnic }], [at('activities', 7)]));
    scene.engine.tap('w1', 1, like('a1'));
    void queryClient.invalidateQueries();
    await turns();
    await scene.requests[0]?.answer(scene.engine.body([{ ...picnic }], [at('activities', 7)]));
    expect(seen.map((data) => counts(data)[0]).filter((n, i, all) => n !== all[i - 1])).toEqual([1, 2]);
  });

  it('Q16 a layer and an event keep an invalidated query invalidated and its fetch time', async () => {
    const scene = await loaded();
    const { dataUpdatedAt } = scene.queryClient.getQueryState(['activities']) ?? {};
    void scene.queryClient.invalidateQueries({ refetchType: 'none' });
    scene.engine.tap('w1', 1, like('a1'));
    expect(scene.queryClient.getQueryState(['activities'])).toMatchObject({ isInvalidated: true, dataUpdatedAt });
  });
});

describe('restarts', () => {
  /** What a scene would find in its store after a kill. */
  function stored(scene: Scene): { key: string; value: string }[] {
    return scene.adapter.dirty().map(({ key, value }) => ({ key, value: String(value) }));
  }

  it('Q16 Q18 stored is the base, and after a restart the layer stands on it again, in one notification', async () => {
    const first = await loaded();
    first.engine.tap('w1', 1, like('a1'));
    const records = stored(first);
    expect(records[0]?.value).toContain('"likeCount":1');
    const second = makeScene();
    const { seen } = second.watch(['activities']);
    await turns();
    second.engine.drain(() => {
      second.adapter.restore(records);
      second.engine.tap('w1', 1, like('a1'), true);
    });
    expect(seen.map((data) => counts(data))).toEqual([[2, 0]]);
    expect(second.engine.calls).toContain('restored 1 activities@7');
  });

  it('Q17 a stored base that carries a write does not get its layer again', async () => {
    const first = await loaded();
    first.engine.tap('w1', 1, like('a1'));
    first.engine.drain(() => first.adapter.layerRetired('w1', 1));
    expect(decode({ key: 'q/h', value: stored(first)[0]?.value ?? '' })).toMatchObject({ carries: ['w1'] });
    first.engine.arrives({ name: 'activity:updated', payload: { id: 'a1', likeCount: 2 }, position: at('activities', 8) });
    const records = stored(first);
    const second = makeScene();
    second.engine.drain(() => {
      second.adapter.restore(records);
      second.engine.tap('w1', 1, (cache) => cache.patch<Activity>('activity', 'a1', (a) => ({ ...a, likeCount: a.likeCount + 1 })), true);
    });
    expect(counts(second.data(['activities']))).toEqual([2, 0]);
  });

  it('Q17 settled writes are forgotten in every base', async () => {
    const scene = await loaded();
    scene.engine.drain(() => {
      scene.adapter.layerRetired('w1', 1);
      scene.adapter.settled('w1');
    });
    expect(decode({ key: 'q/h', value: stored(scene)[0]?.value ?? '' })).toMatchObject({ carries: [] });
  });

  it('Q14 Q17 what was refused is carried by no base, whatever the base was taken for', async () => {
    const scene = await loaded();
    scene.engine.tap('w1', 1, like('a1'));
    scene.engine.drain(() => scene.adapter.layerRetired('w1', 1));
    expect(counts(scene.data(['activities']))).toEqual([1, 0]);
    scene.engine.drain(() => scene.adapter.notApplied('w1'));
    expect(counts(scene.data(['activities']))).toEqual([2, 0]);
    expect(decode({ key: 'q/h', value: stored(scene)[0]?.value ?? '' })).toMatchObject({ carries: [] });
  });

  it('Q17 Q19 a layer outlives its record where another tab sent the write: it goes when the engine says so', async () => {
    const scene = await loaded();
    scene.engine.tap('w1', 1, like('a1'));
    scene.engine.drain(() => scene.adapter.settled('w1'));
    expect(counts(scene.data(['activities']))).toEqual([2, 0]);
    scene.engine.drain(() => {
      scene.adapter.layerRetired('w1', 1);
      scene.adapter.layerRetired('w1');
    });
    expect(counts(scene.data(['activities']))).toEqual([1, 0]);
    expect(decode({ key: 'q/h', value: stored(scene)[0]?.value ?? '' })).toMatchObject({ carries: [] });
  });

  it('Y2 a restored base keeps its time and its mark, and never replaces a fetched one', async () => {
    const first = await loaded();
    void first.queryClient.invalidateQueries({ refetchType: 'none' });
    const state = first.queryClient.getQueryState(['activities']);
    const records = stored(first);
    const second = makeScene();
    second.engine.restore(records);
    expect(second.queryClient.getQueryState(['activities'])).toMatchObject({ dataUpdatedAt: state?.dataUpdatedAt, isInvalidated: true, status: 'success' });
    const third = makeScene();
    await third.load(['activities'], third.engine.body([{ ...picnic, likeCount: 9 }], [at('activities', 9)]));
    third.engine.restore(records);
    expect(counts(third.data(['activities']))).toEqual([9]);
  });

  it('Y2 what was not stored yet is stored when its query goes', async () => {
    const scene = await loaded();
    scene.queryClient.removeQueries();
    expect(stored(scene).map(({ key }) => key)).toEqual(['q/["activities"]']);
  });

  it('Y2 of too many stored bases the newest are taken and the others dropped', async () => {
    const scene = makeScene();
    const record = (n: number) => ({ key: `q/${n}`, value: `${JSON.stringify({ format: 2, queryKey: ['n', n], positions: [], carries: [], updatedAt: n })}\n${JSON.stringify({ n })}` });
    scene.engine.restore(Array.from({ length: STORED_BASES + 1 }, (_, n) => record(n)));
    expect(scene.adapter.dirty()).toEqual([{ key: 'q/0', value: null }]);
    expect(scene.data(['n', STORED_BASES])).toEqual({ n: STORED_BASES });
    expect(scene.data(['n', 0])).toBeUndefined();
  });

  it('Q4 an unreadable stored base is dropped from the store, the others are taken', async () => {
    const first = await loaded();
    const second = makeScene();
    second.engine.restore([{ key: 'q/bad', value: '{"format":2,"queryKey":3}\n{}' }, ...stored(first)]);
    expect(counts(second.data(['activities']))).toEqual([1, 0]);
    expect(second.adapter.dirty()).toEqual([{ key: 'q/bad', value: null }]);
  });

  it('Q16 dehydrated is the base, and hydrating it again shows the layer once', async () => {
    const scene = await loaded();
    const queryClient = new QueryClient();
    const binding = bindQueryClient(scene.engine.source as never, queryClient, scene.timers.timer);
    queryClient.setQueryData(['activities'], [{ ...picnic }]);
    scene.engine.tap('w1', 1, like('a1'));
    expect(counts(queryClient.getQueryData(['activities']))).toEqual([2]);
    const state = JSON.parse(JSON.stringify(dehydrate(queryClient))) as ReturnType<typeof dehydrate>;
    expect(counts(state.queries[0]?.state.data)).toEqual([1]);
    queryClient.removeQueries();
    hydrate(queryClient, state);
    expect(counts(queryClient.getQueryData(['activities']))).toEqual([2]);
    binding.unbind();
    expect(queryClient.getDefaultOptions().dehydrate).toEqual({});
  });
});

describe('fetches and the app\'s own writes', () => {
  it('Y6 the engine hears of a fetch that fails and of one that is cancelled', async () => {
    const scene = await loaded();
    void scene.queryClient.invalidateQueries();
    await turns();
    await scene.requests[0]?.fail();
    expect(scene.engine.calls.at(-1)).toBe('fetchFailed 1');
    void scene.queryClient.invalidateQueries();
    await turns();
    await scene.queryClient.cancelQueries();
    expect(scene.engine.calls.slice(-2)).toEqual(['fetchStarted 1', 'fetchFailed 1']);
  });

  it('Y6 a cancelled fetch keeps what came meanwhile: a restored base, an event, a layer', async () => {
    const first = await loaded();
    const records = first.adapter.dirty().map(({ key, value }) => ({ key, value: String(value) }));
    const scene = makeScene();
    const { seen } = scene.watch(['activities']);
    await turns();
    scene.engine.restore(records);
    scene.engine.tap('w1', 1, like('a2'));
    scene.engine.arrives({ name: 'activity:like_added', payload: { activityId: 'a1', userId: 'ben', likeCount: 5 }, position: at('activities', 8) });
    scene.timers.advance(16);
    await scene.queryClient.cancelQueries();
    expect(counts(scene.data(['activities']))).toEqual([5, 1]);
    expect(seen.map(counts)).toEqual([[1, 0], [1, 1], [5, 1]]);
  });

  it('Y6 a cancelled fetch does not take back that the query was invalidated meanwhile', async () => {
    const scene = await loaded();
    void scene.queryClient.refetchQueries();
    await turns();
    void scene.queryClient.invalidateQueries({ refetchType: 'none' });
    await scene.queryClient.cancelQueries();
    expect(scene.queryClient.getQueryState(['activities'])).toMatchObject({ isInvalidated: true, fetchStatus: 'idle' });
  });

  it('Y6 an answer that the engine refuses leaves what stands, and the fetch is over', async () => {
    const scene = await loaded();
    scene.engine.arrives({ name: 'activity:like_added', payload: { activityId: 'a1', userId: 'ben', likeCount: 5 }, position: at('activities', 8) });
    scene.timers.advance(16);
    const before = counts(scene.data(['activities']));
    scene.engine.refuses = true;
    void scene.queryClient.invalidateQueries();
    await turns();
    await scene.requests[0]?.answer([{ ...picnic, likeCount: 0 }]);
    expect(counts(scene.data(['activities']))).toEqual(before);
    expect(scene.queryClient.getQueryState(['activities'])).toMatchObject({ fetchStatus: 'idle', status: 'success' });
  });

  it('Y6 a fetch that another takes the place of is over for the engine', async () => {
    const scene = await loaded();
    void scene.queryClient.invalidateQueries();
    await turns();
    void scene.queryClient.invalidateQueries();
    await turns();
    expect(scene.engine.calls.slice(-3)).toEqual(['fetchStarted 1', 'fetchFailed 1', 'fetchStarted 1']);
  });

  it('Q16 Y2 a refetch that the engine asks for while a base is put in begins after it', async () => {
    const scene = makeScene();
    scene.engine.alsoAtInstall = (query) => {
      scene.engine.alsoAtInstall = undefined;
      scene.engine.port.refetch([query], 'Raced');
    };
    await scene.load(['activities'], [{ ...picnic }]);
    expect(scene.queryClient.getQueryState(['activities'])).toMatchObject({ fetchStatus: 'fetching', status: 'success' });
    expect(scene.engine.calls.slice(-2)).toEqual(['fetched 1 ', 'fetchStarted 1']);
  });

  it('A3 the app\'s own change leaves alone what a layer hides', async () => {
    const scene = await loaded();
    scene.engine.tap('w1', 1, (cache) => cache.remove('activity', 'a2'));
    scene.queryClient.setQueryData<Activity[]>(['activities'], (old) => old?.map((a) => ({ ...a, title: 'Feast' })));
    expect(scene.data(['activities'])).toEqual([{ ...picnic, title: 'Feast' }]);
    scene.engine.refused('w1');
    expect(scene.data(['activities'])).toEqual([{ ...picnic, title: 'Feast' }, other]);
  });

  it('A3 what onMutate writes after a wait belongs to its layer too', async () => {
    const scene = await loaded();
    const capture = scene.adapter.capture();
    const done = capture.run(async () => {
      await Promise.resolve();
      scene.queryClient.setQueryData(['activities'], [{ ...picnic, likeCount: 9 }]);
    });
    scene.engine.tap('w1', 1, (_cache, { writeId }) => capture.adopt(writeId));
    await done;
    await turns();
    expect(counts(scene.data(['activities']))).toEqual([9]);
    scene.engine.refused('w1');
    expect(counts(scene.data(['activities']))).toEqual([1, 0]);
  });

  it('A3 of two calls that wait for something, each write belongs to its own layer; the second begins when the first has ended', async () => {
    const scene = await loaded();
    const order: string[] = [];
    const waits: (() => void)[] = [];
    const tap = (write: string, sequence: number, id: string): void => {
      const capture = scene.adapter.capture();
      void capture.run(async () => {
        order.push(`begins ${id}`);
        await new Promise<void>((resolve) => waits.push(resolve));
        scene.queryClient.setQueryData<Activity[]>(['activities'], (old) => old?.map((a) => (a.id === id ? { ...a, likeCount: a.likeCount + 1 } : a)));
      });
      scene.engine.tap(write, sequence, (_cache, { writeId }) => capture.adopt(writeId));
    };
    tap('w1', 1, 'a1');
    tap('w2', 2, 'a2');
    expect(order).toEqual(['begins a1']);
    waits[0]?.();
    await turns();
    expect(order).toEqual(['begins a1', 'begins a2']);
    waits[1]?.();
    await turns();
    expect(counts(scene.data(['activities']))).toEqual([2, 1]);
    // Each is taken out alone. The later picture was made with the first like on screen, so it goes first.
    scene.engine.refused('w2');
    expect(counts(scene.data(['activities']))).toEqual([2, 0]);
    scene.engine.refused('w1');
    expect(counts(scene.data(['activities']))).toEqual([1, 0]);
  });

  it('A3 one that never ends holds up the next one for 2 s at most', async () => {
    const scene = await loaded();
    void scene.adapter.capture().run(() => new Promise<void>(() => undefined));
    const begun = vi.fn();
    void scene.adapter.capture().run(begun);
    scene.timers.advance(1_999);
    expect(begun).not.toHaveBeenCalled();
    scene.timers.advance(1);
    expect(begun).toHaveBeenCalledOnce();
  });

  it('A3 what is written for a write that is over shows no more', async () => {
    const scene = await loaded();
    const capture = scene.adapter.capture();
    let go: () => void = () => undefined;
    void capture.run(async () => {
      await new Promise<void>((resolve) => (go = resolve));
      scene.queryClient.setQueryData(['activities'], [{ ...picnic, likeCount: 9 }]);
    });
    scene.engine.tap('w1', 1, (_cache, { writeId }) => capture.adopt(writeId));
    scene.engine.refused('w1');
    go();
    await turns();
    expect(counts(scene.data(['activities']))).toEqual([1, 0]);
  });

  it('A3 what a handler of an event writes belongs to no onMutate that waits', async () => {
    const scene = await loaded();
    const capture = scene.adapter.capture();
    void capture.run(() => new Promise<void>(() => undefined));
    scene.engine.tap('w1', 1, (_cache, { writeId }) => capture.adopt(writeId));
    scene.adapter.apart(() => scene.queryClient.setQueryData<Activity[]>(['activities'], (old) => old?.map((a) => ({ ...a, title: 'Feast' }))));
    scene.engine.refused('w1');
    expect((scene.data(['activities']) as Activity[]).map(({ title }) => title)).toEqual(['Feast', 'Feast']);
  });

  it('A3 what the app writes itself becomes the base, without what a layer had added', async () => {
    const scene = await loaded();
    scene.engine.tap('w1', 1, like('a1'));
    scene.queryClient.setQueryData<Activity[]>(['activities'], (old) => old?.map((a) => (a.id === 'a2' ? { ...a, title: 'Walk' } : a)));
    scene.engine.refused('w1');
    expect(scene.data(['activities'])).toEqual([picnic, { ...other, title: 'Walk' }]);
  });

  it('A3 a snapshot that is put back undoes the app\'s change and keeps the layer', async () => {
    const scene = await loaded();
    scene.engine.tap('w1', 1, like('a1'));
    const previous = scene.data(['activities']);
    scene.queryClient.setQueryData(['activities'], [{ ...other, title: 'Mine' }]);
    scene.queryClient.setQueryData(['activities'], previous);
    expect(scene.data(['activities'])).toEqual([{ ...picnic, liked: true, likeCount: 2 }, other]);
  });

  it('A3 a snapshot that is put back never overwrites newer data', async () => {
    const scene = await loaded();
    const previous = scene.data(['activities']);
    scene.engine.arrives({ name: 'activity:like_added', payload: { activityId: 'a1', userId: 'ben', likeCount: 5 }, position: at('activities', 8) });
    scene.queryClient.setQueryData(['activities'], previous);
    expect(counts(scene.data(['activities']))).toEqual([5, 0]);
  });

  it('A3 what onMutate writes is a layer: it stands over a refetch until a base carries the write', async () => {
    const scene = await loaded();
    const { seen } = scene.watch(['activities']);
    const capture = scene.adapter.capture();
    capture.run(() => scene.queryClient.setQueryData<Activity[]>(['activities'], (old) => old?.map((a) => ({ ...a, likeCount: a.likeCount + 1 }))));
    scene.engine.tap('w1', 1, (_cache, { writeId }) => capture.adopt(writeId));
    void scene.queryClient.invalidateQueries();
    await turns();
    await scene.requests[0]?.answer(scene.engine.body([{ ...picnic, title: 'Late' }, { ...other }], [at('activities', 7)]));
    void scene.queryClient.invalidateQueries();
    await turns();
    await scene.requests[0]?.answer(scene.engine.body([{ ...picnic, title: 'Late', likeCount: 2 }, { ...other, likeCount: 1 }], [at('activities', 9)], [1]));
    expect((seen as Activity[][]).map((items) => `${items[0]?.title} ${counts(items).join()}`)).toEqual(['Picnic 1,0', 'Picnic 2,1', 'Late 2,1']);
  });

  it('A3 the picture of an earlier write does not take a later write back that settled first', async () => {
    const scene = await loaded();
    const tap = (write: string, sequence: number, id: string): void => {
      const capture = scene.adapter.capture();
      capture.run(() => scene.queryClient.setQueryData<Activity[]>(['activities'], (old) => old?.map((a) => (a.id === id ? { ...a, likeCount: a.likeCount + 1 } : a))));
      scene.engine.tap(write, sequence, (_cache, { writeId }) => capture.adopt(writeId));
    };
    tap('w1', 1, 'a1');
    tap('w2', 2, 'a2');
    scene.engine.arrives({ name: 'activity:updated', payload: { id: 'a2', likeCount: 1 }, position: at('activities', 8), write: 'w2' });
    expect(counts(scene.data(['activities']))).toEqual([2, 1]);
    scene.engine.arrives({ name: 'activity:updated', payload: { id: 'a1', likeCount: 2 }, position: at('activities', 9), write: 'w1' });
    expect(counts(scene.data(['activities']))).toEqual([2, 1]);
    expect([...scene.engine.layers]).toEqual([]);
  });

  it('A3 a refused write takes its picture along, and the rollback of its snapshot keeps a newer event', async () => {
    const scene = await loaded();
    const capture = scene.adapter.capture();
    const previous = scene.data(['activities']);
    capture.run(() => scene.queryClient.setQueryData<Activity[]>(['activities'], (old) => old?.map((a) => ({ ...a, likeCount: a.likeCount + 1 }))));
    scene.engine.tap('w1', 1, (_cache, { writeId }) => capture.adopt(writeId));
    scene.engine.arrives({ name: 'activity:updated', payload: { id: 'a1', title: 'Feast' }, position: at('activities', 8) });
    scene.engine.refused('w1');
    scene.queryClient.setQueryData(['activities'], previous);
    expect(scene.data(['activities'])).toEqual([{ ...picnic, title: 'Feast' }, other]);
  });

  it('Y6 a reset query forgets its base and gets a new number', async () => {
    const scene = await loaded();
    scene.engine.tap('w1', 1, like('a1'));
    void scene.queryClient.resetQueries();
    await turns();
    expect(scene.engine.calls).toContain('queryGone 1');
    await scene.requests[0]?.answer(scene.engine.body([{ ...picnic }], [at('activities', 8)]));
    expect(counts(scene.data(['activities']))).toEqual([2]);
    expect(scene.engine.calls.at(-1)).toBe('touched w1 2');
  });
});
