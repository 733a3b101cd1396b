// What observers are told while a like runs: 1, 2 and nothing else, whatever happens in between (Q16, Q17, Y2, Y6).

import { describe, expect, it } from 'vitest';
import { at, like, picnic, type Activity } from './support/activities.js';
import { distinct, ORDERS, stepsOf, type Step } from './support/orders.js';
import { makeScene, turns } from './support/scene.js';


/** Runs one like with a refetch in the given order and tells which counts an observer of list and detail saw. */
async function counts(order: string, named: boolean): Promise<{ list: number[]; detail: number[] }> {
  const scene = makeScene();
  const server = { activity: { ...picnic }, offset: 7, applied: [] as number[] };
  const read = <T extends object>(data: T): T => (named ? scene.engine.body(data, [at('activities', server.offset)], server.applied) : data);
  const list = scene.watch(['activities']);
  const detail = scene.watch(['activity', 'a1']);
  await turns();
  await scene.requests[0]?.answer(read([{ ...server.activity }]));
  await scene.requests[0]?.answer(read({ ...server.activity }));
  scene.engine.tap('w1', 1, like('a1'));
  let bodies: unknown[] = [];
  const steps: Record<Step, () => Promise<void> | void> = {
    start: () => void scene.queryClient.invalidateQueries(),
    snapshot: () => void (bodies = [read([{ ...server.activity }]), read({ ...server.activity })]),
    result: async () => {
      for (const body of bodies) await scene.requests[0]?.answer(body);
    },
    commit: () => {
      server.activity = { ...server.activity, liked: true, likeCount: 2 };
      server.offset += 1;
      server.applied = [1];
    },
    event: () =>
      scene.engine.arrives({
        name: 'activity:like_added',
        payload: { activityId: 'a1', userId: 'ana', likeCount: 2 },
        position: at('activities', 8),
        write: 'w1',
      }),
    answer: () => scene.engine.answered('w1'),
  };
  for (const step of stepsOf(order)) {
    await steps[step]();
    await turns();
    scene.timers.advance(16);
  }
  return {
    list: (list.seen as Activity[][]).map((items) => items[0]?.likeCount ?? -1),
    detail: (detail.seen as Activity[]).map((item) => item.likeCount),
  };
}

describe('Q16 a like shows 1, 2 and nothing else', () => {
  for (const named of [true, false]) {
    it.each(ORDERS)(`Q16 Q17 Y2 ${named ? 'with' : 'without'} Tidewire-Base: %s`, async (order) => {
      const seen = await counts(order, named);
      expect(distinct(seen.list)).toEqual([1, 2]);
      expect(distinct(seen.detail)).toEqual([1, 2]);
    });
  }
});
