// The cache over the real client and engine: the same promises as with the stand-in, and restarts from a store
// (Q16, Q17, Y2, Y6); the QueryClient is an unmodified one, read by its own observers (Y7). Needs the generated engine (`cargo xtask wasm`).

import { afterEach, describe, expect, it, vi } from 'vitest';
import { memoryStore } from '../../client/src/index.js';
import type { Activity } from './support/activities.js';
import { distinct, ORDERS, stepsOf, type Step } from './support/orders.js';
import { makeWorld, Server, type World } from './support/world.js';

let world: World;
afterEach(() => {
  world.end();
  vi.unstubAllGlobals();
});

const listCount = (data: unknown): number => (data as Activity[])[0]?.likeCount ?? -1;

async function answerReads({ server, settle }: World): Promise<void> {
  for (const { path, client, respond } of server.reads.splice(0)) respond(server.snapshot(path, client));
  await settle();
}

/** Connected, in the room, both queries fetched. */
async function up(server: Server, store = memoryStore()): Promise<{ list: unknown[]; detail: unknown[] }> {
  world = makeWorld(server, store);
  void world.tidewire.connect().catch(() => undefined);
  world.tidewire.join('activities');
  await world.tidewire.ready;
  await world.settle();
  const list = world.watch(['activities'], '/api/activities');
  const detail = world.watch(['activity', 'a1'], '/api/activities/a1');
  await world.settle();
  await answerReads(world);
  return { list: list.seen, detail: detail.seen };
}

describe('Q16 over the real engine', () => {
  it.each(ORDERS)('Q16 Q17 Y2 %s', async (order) => {
    const server = new Server();
    const { list, detail } = await up(server);
    world.tap();
    await world.settle();
    expect(server.writes).toHaveLength(1);
    let responses: (() => void)[] = [];
    const steps: Record<Step, () => void> = {
      start: () => void world.queryClient.invalidateQueries(),
      snapshot: () => {
        responses = server.reads.splice(0).map(({ path, client, respond }) => {
          const response = server.snapshot(path, client);
          return () => respond(response);
        });
      },
      result: () => responses.forEach((respond) => respond()),
      commit: () => server.commit(),
      event: () => server.deliver(),
      answer: () => server.writes[0]?.answer(),
    };
    for (const step of stepsOf(order)) {
      steps[step]();
      await world.settle();
      world.timers.advance(16);
    }
    await world.settle();
    expect(distinct(list.map(listCount))).toEqual([1, 2]);
    expect(distinct(detail.map((data) => (data as Activity).likeCount))).toEqual([1, 2]);
    expect(world.tidewire.outbox.get()).toMatchObject({ pending: 0, writes: [] });
  });
});

describe('restarts over the real engine', () => {
  it('Q16 Q18 after a reload without network the screen is as before: base and layer from the store, in one step', async () => {
    const store = memoryStore();
    await up(new Server(), store);
    world.tap();
    await world.settle();
    world.timers.advance(5_000);
    await world.settle();
    world.end();
    const away = new Server();
    world = makeWorld(away, store);
    const { seen } = world.watch(['activities'], '/api/activities');
    world.tidewire.start();
    await world.tidewire.ready;
    await world.settle();
    expect(distinct(seen.map(listCount))).toEqual([2]);
    expect(world.tidewire.outbox.get().pending).toBe(1);
  });

  it('Y2 a stored base older than the last event gets what it misses by the join, without a fetch', async () => {
    const store = memoryStore();
    const server = new Server();
    await up(server, store);
    world.timers.advance(5_000);
    await world.settle();
    world.end();
    server.activity = { ...server.activity, likeCount: 5 };
    server.history.push({ offset: 8, write: '', payload: { activityId: 'a1', userId: 'ben', likeCount: 5 } });
    server.offset = 8;
    world = makeWorld(server, store);
    const { seen } = world.watch(['activities'], '/api/activities');
    void world.tidewire.connect().catch(() => undefined);
    world.tidewire.join('activities');
    await world.tidewire.ready;
    await world.settle();
    world.timers.advance(16);
    await world.settle();
    expect(server.joins.at(-1)).toMatchObject({ since: { epoch: 'e1', offset: 7 } });
    expect(listCount(world.queryClient.getQueryData(['activities']))).toBe(5);
    expect(distinct(seen.map(listCount))).toEqual([1, 5]);
  });
});
