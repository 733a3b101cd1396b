// Lists that are filtered, and infinite ones: what events and layers do to them, and what a base is made of (Q16, Y2, Y4, Y7).

import { InfiniteQueryObserver } from '@tanstack/react-query';
import { describe, expect, it } from 'vitest';
import type { QueryKey, SyncRules } from '@tidewire/client';
import { decode } from '../src/cache/stored.js';
import { at, like, picnic, untyped, type Activity } from './support/activities.js';
import { makeScene, turns, type Scene } from './support/scene.js';

const other: Activity = { id: 'a2', title: 'Hike', likeCount: 0, liked: false };
const ids = (data: unknown): string[] => (data as Activity[]).map(({ id }) => id);

describe('filtered lists', () => {
  const wanted = (key: QueryKey): boolean | undefined => (key[1] as { liked: boolean } | undefined)?.liked;
  const filtered: SyncRules<object> = {
    ...untyped,
    entities: { activity: { id: 'id', keys: [['activities'], ['activity']], belongs: (item, key) => wanted(key) === undefined || item.liked === wanted(key) } },
    on: {
      ...untyped.on,
      'activity:created': { kind: 'insert', queryKey: () => ['activities'], item: (payload: object) => payload, at: 'start', entity: 'activity' },
    } as SyncRules<object>['on'],
  };
  const keys = { all: ['activities'], liked: ['activities', { liked: true }], open: ['activities', { liked: false }] };

  async function loaded(): Promise<Scene> {
    const scene = makeScene({ rules: filtered });
    const body = (...items: Activity[]): object => scene.engine.body(items.map((one) => ({ ...one })), [at('activities', 7)]);
    await scene.load(keys.all, body(picnic, other));
    await scene.load(keys.liked, body());
    await scene.load(keys.open, body(picnic, other));
    return scene;
  }

  it('Y4 a new item enters the lists that it belongs to, and no other', async () => {
    const scene = await loaded();
    scene.engine.arrives({ name: 'activity:created', payload: { ...other, id: 'a3', liked: true }, position: at('activities', 8) });
    scene.timers.advance(16);
    expect([keys.all, keys.liked, keys.open].map((key) => ids(scene.data(key)))).toEqual([['a3', 'a1', 'a2'], ['a3'], ['a1', 'a2']]);
  });

  it('Y4 Y5 a changed item leaves the list that it belongs to no more; the one that it begins to belong to is fetched again, and only that', async () => {
    const scene = await loaded();
    scene.engine.arrives({ name: 'activity:like_added', payload: { activityId: 'a1', userId: 'ana', likeCount: 2 }, position: at('activities', 8) });
    scene.timers.advance(16);
    await turns();
    expect([keys.all, keys.open].map((key) => ids(scene.data(key)))).toEqual([['a1', 'a2'], ['a2']]);
    expect(scene.requests).toHaveLength(1);
    await scene.requests[0]?.answer(scene.engine.body([{ ...picnic, liked: true, likeCount: 2 }], [at('activities', 8)]));
    expect(ids(scene.data(keys.liked))).toEqual(['a1']);
  });

  it('Q16 Q18 a layer takes its item out of the list that it leaves, and gives it back when it is refused', async () => {
    const scene = await loaded();
    scene.engine.tap('w1', 1, like('a1'));
    expect([keys.all, keys.open].map((key) => ids(scene.data(key)))).toEqual([['a1', 'a2'], ['a2']]);
    scene.engine.refused('w1');
    expect(ids(scene.data(keys.open))).toEqual(['a1', 'a2']);
  });
});

describe('infinite lists', () => {
  const key = ['activities'];
  interface Pages { pages: Activity[][]; pageParams: number[] }

  /** Two items a page; the pages are asked for through `answers`. */
  async function loaded(): Promise<{ scene: Scene; observer: InfiniteQueryObserver<Activity[], Error, Pages, string[], number>; answers: ((page: Activity[]) => Promise<void>)[]; seen: string[] }> {
    const scene = makeScene();
    const answers: ((page: Activity[]) => Promise<void>)[] = [];
    const observer = new InfiniteQueryObserver<Activity[], Error, Pages, string[], number>(scene.queryClient, {
      queryKey: key,
      initialPageParam: 0,
      getNextPageParam: (_last, all) => all.length,
      queryFn: () =>
        new Promise<Activity[]>((resolve) =>
          answers.push(async (page) => {
            resolve(page);
            await turns();
          }),
        ),
    });
    const seen: string[] = [];
    observer.subscribe(({ data }) => {
      const text = data ? look(data) : '';
      if (text !== (seen.at(-1) ?? '')) seen.push(text);
    });
    await turns();
    await answers.shift()?.(scene.engine.body([{ ...picnic }, { ...other }], [at('activities', 7)]));
    return { scene, observer, answers, seen };
  }
  const look = (data: Pages): string => data.pages.map((page) => page.map(({ id, likeCount }) => `${id}:${likeCount}`).join(' ')).join(' | ');
  const stored = (scene: Scene): string => look(decode({ key: 'q/h', value: String(scene.adapter.dirty()[0]?.value) })?.data as Pages);

  it('Y4 events change, add and remove items in the pages where they stand', async () => {
    const { scene, observer, answers } = await loaded();
    void observer.fetchNextPage();
    await turns();
    await answers.shift()?.(scene.engine.body([{ ...other, id: 'a3' }], [at('activities', 7)]));
    const arrive = (name: string, offset: number, payload: unknown): void => {
      scene.engine.arrives({ name, payload, position: at('activities', offset) });
      scene.timers.advance(16);
    };
    arrive('activity:like_added', 8, { activityId: 'a3', userId: 'ben', likeCount: 9 });
    arrive('activity:gone', 9, { activityId: 'a1' });
    expect(look(scene.data(key) as Pages)).toBe('a2:0 | a3:9');
    scene.engine.tap('w1', 1, (cache) => cache.insert(key, { ...picnic, id: 'new' }));
    expect(look(scene.data(key) as Pages)).toBe('new:1 a2:0 | a3:9');
    scene.engine.refused('w1');
    expect(look(scene.data(key) as Pages)).toBe('a2:0 | a3:9');
  });

  it('Q16 Y2 a page fetched while a layer stands does not make the layer part of the base', async () => {
    const { scene, observer, answers, seen } = await loaded();
    scene.engine.tap('w1', 1, (cache) => {
      like('a1')(cache);
      cache.insert(key, { ...picnic, id: 'new' });
    });
    void observer.fetchNextPage();
    await turns();
    await answers.shift()?.(scene.engine.body([{ ...other, id: 'a3' }], [at('activities', 7)], [1]));
    // The new page has the write and the old one has not: the layer stands until all of it does.
    expect(look(scene.data(key) as Pages)).toBe('new:1 a1:2 a2:0 | a3:0');
    expect(stored(scene)).toBe('a1:1 a2:0 | a3:0');
    scene.engine.refused('w1');
    expect(seen).toEqual(['a1:1 a2:0', 'new:1 a1:2 a2:0', 'new:1 a1:2 a2:0 | a3:0', 'a1:1 a2:0 | a3:0']);
  });

  it('Y6 Y2 an event that arrives while a page is fetched is not lost, and none is applied twice', async () => {
    const { scene, observer, answers, seen } = await loaded();
    scene.engine.tap('w1', 1, like('a2'));
    void observer.fetchNextPage();
    await turns();
    scene.engine.arrives({ name: 'activity:like_added', payload: { activityId: 'a1', userId: 'ben', likeCount: 5 }, position: at('activities', 8) });
    scene.timers.advance(16);
    await answers.shift()?.(scene.engine.body([{ ...other, id: 'a3' }], [at('activities', 7)]));
    expect(seen).toEqual(['a1:1 a2:0', 'a1:1 a2:1', 'a1:5 a2:1', 'a1:5 a2:1 | a3:0']);
    expect(stored(scene)).toBe('a1:5 a2:0 | a3:0');
  });

  it('Q17 all pages fetched again with the write retire its layer', async () => {
    const { scene, observer, answers, seen } = await loaded();
    scene.engine.tap('w1', 1, like('a1'));
    void observer.refetch();
    await turns();
    await answers.shift()?.(scene.engine.body([{ ...picnic, liked: true, likeCount: 2 }, { ...other }], [at('activities', 8)], [1]));
    expect(seen).toEqual(['a1:1 a2:0', 'a1:2 a2:0']);
    expect(stored(scene)).toBe('a1:2 a2:0');
  });
});
