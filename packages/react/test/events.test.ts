// What events do to the cache: rules and defaults, positions, bursts, refetches (Y1, Y2, Y4, Y5).

import { decode } from '../src/cache/stored.js';
import { describe, expect, it } from 'vitest';
import { at, picnic, untyped, type Activity } from './support/activities.js';
import { makeScene, turns, type Scene } from './support/scene.js';

const other: Activity = { id: 'a2', title: 'Hike', likeCount: 0, liked: false };

async function loaded(): Promise<Scene> {
  const scene = makeScene();
  await scene.load(['activities'], scene.engine.body([{ ...picnic }, { ...other }], [at('activities', 7)]));
  return scene;
}

describe('Y4 sync rules', () => {
  it('Y4 patches where the id stands and leaves the others the same object', async () => {
    const scene = await loaded();
    const before = scene.data(['activities']) as Activity[];
    scene.engine.arrives({ name: 'activity:like_added', payload: { activityId: 'a1', userId: 'ben', likeCount: 5 }, position: at('activities', 8) });
    const after = scene.data(['activities']) as Activity[];
    expect(after).toEqual([{ ...picnic, likeCount: 5 }, other]);
    expect(after[1]).toBe(before[1]);
  });

  it('Y4 inserts at the end, and replaces an item with the same id', async () => {
    const scene = makeScene();
    const [m1, m2] = ['m1', 'm2'].map((id) => ({ id, activityId: 'a1', text: id }));
    await scene.load(['messages', 'a1'], scene.engine.body([m1], [at('activity_a1', 1)]));
    scene.engine.arrives({ name: 'message:new', payload: m2, position: at('activity_a1', 2) });
    scene.timers.advance(16);
    scene.engine.arrives({ name: 'message:new', payload: { ...m1, text: 'again' }, position: at('activity_a1', 3) });
    expect(scene.data(['messages', 'a1'])).toEqual([{ ...m1, text: 'again' }, m2]);
  });

  it('Y4 removes from lists, and asks the server where the entity was all of the data', async () => {
    const scene = await loaded();
    await scene.load(['activity', 'a1'], scene.engine.body({ ...picnic }, [at('activities', 7)]));
    scene.engine.arrives({ name: 'activity:gone', payload: { activityId: 'a1' }, position: at('activities', 8) });
    await turns();
    expect(scene.data(['activities'])).toEqual([other]);
    expect(scene.requests).toHaveLength(1);
    expect(scene.asked.get('activity')).toBe(2);
  });

  it('Y4 without a rule, updated patches and keeps absent fields, deleted removes, created fetches only lists again', async () => {
    const scene = makeScene({ rules: { ...untyped, on: {} } });
    await scene.load(['activities'], scene.engine.body([{ ...picnic }, { ...other }], [at('activities', 7)]));
    await scene.load(['activity', 'a1'], scene.engine.body({ ...picnic }, [at('activities', 7)]));
    scene.engine.arrives({ name: 'activity:updated', payload: { id: 'a1', title: 'Feast' }, position: at('activities', 8) });
    scene.timers.advance(16);
    expect(scene.data(['activity', 'a1'])).toEqual({ ...picnic, title: 'Feast' });
    scene.engine.arrives({ name: 'activity:deleted', payload: { activityId: 'a2' }, position: at('activities', 9) });
    scene.timers.advance(16);
    expect(scene.data(['activities'])).toEqual([{ ...picnic, title: 'Feast' }]);
    scene.engine.arrives({ name: 'activity:created', payload: { id: 'a3' }, position: at('activities', 10) });
    await turns();
    expect([scene.asked.get('activities'), scene.asked.get('activity')]).toEqual([2, 1]);
  });

  it('Y4 Y1 an event without a position (a foreign server) goes by its rule to every base', async () => {
    const scene = makeScene();
    await scene.load(['activities'], [{ ...picnic }]);
    scene.engine.arrives({ name: 'activity:like_added', payload: { activityId: 'a1', userId: 'ben', likeCount: 5 } });
    expect(scene.data(['activities'])).toEqual([{ ...picnic, likeCount: 5 }]);
  });

  it('Y4 a rule that throws costs a refetch, never an exception or a lost position', async () => {
    const scene = makeScene({
      rules: { ...untyped, on: { broken: { kind: 'patch', entity: 'activity', id: () => 'a1', fn: () => { throw new Error('rule'); } } } } as typeof untyped,
    });
    await scene.load(['activities'], scene.engine.body([{ ...picnic }], [at('activities', 7)]));
    scene.engine.arrives({ name: 'broken', payload: {}, position: at('activities', 8) });
    await turns();
    expect(scene.data(['activities'])).toEqual([picnic]);
    expect(scene.asked.get('activities')).toBe(2);
    expect(decode({ key: 'q/h', value: String(scene.adapter.dirty()[0]?.value) })).toMatchObject({ positions: [{ room: 'activities', offset: 8 }], invalidated: true });
  });
});

describe('Y1 rooms and queries', () => {
  it('Y1 each room is bound to the queries that its pattern names, as they come and go', async () => {
    const scene = makeScene();
    const messages = await scene.load(['messages', 'a1'], []);
    await scene.load(['activities'], []);
    expect([...scene.engine.bound]).toEqual([['activity_a1', [1]], ['activities', [2]]]);
    messages.stop();
    scene.queryClient.removeQueries({ queryKey: ['messages', 'a1'] });
    expect(scene.engine.bound.get('activity_a1')).toEqual([]);
    expect(scene.engine.calls.at(-1)).toBe('queryGone 1');
  });

  it('Y1 a room is bound before a fetch of its query begins, or the join would not know since when', async () => {
    const scene = makeScene();
    scene.watch(['activities']);
    expect(scene.engine.calls).toEqual(['bound activities 1', 'fetchStarted 1']);
  });

  it('Y1 an event of a room without an entry fetches all active queries again and marks no other', async () => {
    const scene = await loaded();
    const idle = await scene.load(['messages', 'a1'], []);
    idle.stop();
    scene.engine.arrives({ name: 'anything', payload: {}, position: at('elsewhere', 1) });
    await turns();
    expect(scene.asked.get('activities')).toBe(2);
    expect(scene.asked.get('messages')).toBe(1);
    expect(scene.queryClient.getQueryState(['messages', 'a1'])?.isInvalidated).toBe(false);
  });

  it('Y1 an event moves only the bases that the engine names', async () => {
    const scene = await loaded();
    scene.engine.drain(() =>
      scene.engine.port.event(
        { name: 'activity:like_added', own: false, replayed: false, dispatch: true, apply: [], position: at('activities', 7) },
        [{ activityId: 'a1', userId: 'ben', likeCount: 9 }],
      ),
    );
    expect(scene.data(['activities'])).toEqual([picnic, other]);
  });
});

describe('Y2 positions travel with the base', () => {
  it('Y2 data and position of an event are stored in one value', async () => {
    const scene = await loaded();
    scene.adapter.dirty();
    scene.engine.arrives({ name: 'activity:like_added', payload: { activityId: 'a1', userId: 'ben', likeCount: 5 }, position: at('activities', 8) });
    const writes = scene.adapter.dirty();
    expect(writes.map((write) => write.key)).toEqual(['q/["activities"]']);
    expect(decode({ key: 'q/h', value: String(writes[0]?.value) })).toMatchObject({ queryKey: ['activities'], data: [{ likeCount: 5 }, {}], positions: [at('activities', 8)] });
    expect(scene.adapter.dirty()).toEqual([]);
  });

  it('Y2 Y6 a fetch older than an event gets the event again in the same step', async () => {
    const scene = await loaded();
    const { seen } = scene.watch(['activities']);
    void scene.queryClient.invalidateQueries();
    const stale = scene.engine.body([{ ...picnic, title: 'New' }, { ...other }], [at('activities', 7)]);
    scene.engine.arrives({ name: 'activity:like_added', payload: { activityId: 'a1', userId: 'ben', likeCount: 5 }, position: at('activities', 8) });
    await scene.requests[0]?.answer(stale);
    expect((seen as Activity[][]).map(([first]) => `${first?.title} ${first?.likeCount}`)).toEqual(['Picnic 1', 'Picnic 5', 'New 5']);
  });

  it('Y2 an infinite query covers what all of its pages cover', async () => {
    const scene = makeScene();
    const pages = [scene.engine.body([{ ...picnic }], [at('activities', 9)]), scene.engine.body([{ ...other }], [at('activities', 7)])];
    await scene.load(['activities', 'paged'], { pages, pageParams: [0, 1] });
    expect(scene.engine.calls).toContain('fetched 1 activities@7');
  });
});

describe('Y5 few notifications, few refetches', () => {
  it('Y5 the first event is shown at once and the rest of a burst once, at the end of the frame', async () => {
    const scene = await loaded();
    const { seen } = scene.watch(['activities']);
    for (let n = 1; n <= 1000; n += 1) {
      scene.engine.arrives({ name: 'activity:like_added', payload: { activityId: 'a1', userId: 'ben', likeCount: n + 1 }, position: at('activities', 7 + n) });
    }
    expect((seen as Activity[][]).map(([first]) => first?.likeCount)).toEqual([1, 2]);
    scene.timers.advance(16);
    expect((seen as Activity[][]).map(([first]) => first?.likeCount)).toEqual([1, 2, 1001]);
  });

  it('Y5 a tap in the middle of a burst does not wait for the frame', async () => {
    const scene = await loaded();
    for (const n of [8, 9]) scene.engine.arrives({ name: 'activity:like_added', payload: { activityId: 'a1', userId: 'ben', likeCount: n }, position: at('activities', n) });
    scene.engine.tap('w1', 1, (cache) => cache.patch<Activity>('activity', 'a2', (a) => ({ ...a, likeCount: 1 })));
    expect((scene.data(['activities']) as Activity[]).map((a) => a.likeCount)).toEqual([9, 1]);
  });

  it('Y5 a burst of invalidations fetches once now and once after, never loses the last, and only marks inactive queries', async () => {
    const scene = makeScene();
    await scene.load(['board', 'b1'], scene.engine.body({ n: 0 }, [at('activities', 0)]));
    const idle = await scene.load(['board', 'b2'], scene.engine.body({ n: 0 }, [at('activities', 0)]));
    idle.stop();
    for (let n = 1; n <= 1000; n += 1) scene.engine.arrives({ name: 'board:changed', payload: { board: n % 2 ? 'b1' : 'b2' }, position: at('activities', n) });
    await turns();
    expect(scene.requests).toHaveLength(1);
    await scene.requests[0]?.answer(scene.engine.body({ n: 1 }, [at('activities', 500)]));
    expect(scene.requests).toHaveLength(0);
    scene.timers.advance(500);
    await turns();
    await scene.requests[0]?.answer(scene.engine.body({ n: 2 }, [at('activities', 1000)]));
    scene.timers.advance(5000);
    await turns();
    expect(scene.asked.get('board')).toBe(4); // two first ones, two for a thousand events
    expect(scene.queryClient.getQueryState(['board', 'b2'])?.isInvalidated).toBe(true);
  });

  it('Y5 what must be fetched again after a running fetch is stored as such', async () => {
    const scene = makeScene();
    await scene.load(['board', 'b1'], scene.engine.body({ n: 0 }, [at('activities', 0)]));
    void scene.queryClient.refetchQueries();
    await turns();
    scene.engine.arrives({ name: 'board:changed', payload: { board: 'b1' }, position: at('activities', 1) });
    expect(decode({ key: 'q/h', value: String(scene.adapter.dirty()[0]?.value) })).toMatchObject({ positions: [at('activities', 1)], invalidated: true });
  });

  it('Y5 an event that the base covers already fetches nothing', async () => {
    const scene = makeScene();
    await scene.load(['board', 'b1'], scene.engine.body({ n: 5 }, [at('activities', 5)]));
    scene.engine.arrives({ name: 'board:changed', payload: { board: 'b1' }, position: at('activities', 5) });
    await turns();
    expect(scene.asked.get('board')).toBe(1);
  });

  it('Y5 Y3 the engine\'s refetch concerns exactly the named queries and replaces a running fetch', async () => {
    const scene = await loaded();
    await scene.load(['activity', 'a1'], scene.engine.body({ ...picnic }, [at('activities', 7)]));
    void scene.queryClient.invalidateQueries({ queryKey: ['activities'] });
    await turns();
    scene.engine.refetch([1], 'WriteUnseen');
    await turns();
    expect([scene.asked.get('activities'), scene.asked.get('activity')]).toEqual([3, 1]);
    expect(scene.engine.calls.filter((call) => call === 'fetchStarted 1')).toHaveLength(3);
  });
});
