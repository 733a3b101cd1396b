// Recipes 2 and 3 (server/rooms.mjs): rooms remember, so that nothing is missed or heard twice (V3, Y1, Y2), and an event names the write that caused it, so that
// the screen changes once (Q16, Q17).
import { io } from 'socket.io-client';
import { expect, it, onTestFinished } from 'vitest';
import { addNoteOnce } from '../client/notes.js';
import { byBen, heardAll, until, world, type World } from './world.js';

const texts = ({ heard }: World): string[] => heard.map(({ note }) => note.text);

it('C1 C10 status says that the server speaks the dialect, and what was recovered', async () => {
  const { tw } = await world('once', 'history');
  expect(tw.connection.get()).toMatchObject({ status: 'connected', tidewire: true });
  tw.disconnect();
  const room = tw.join('notes');
  await tw.connect();
  expect(await until(room.state, ({ status }) => status === 'joined')).toEqual({ status: 'joined', recovered: true });
});

it('V3 Y1 Y2 what was told while the client was away comes afterwards, once and in order, without a fetch', async () => {
  const scene = await world('once', 'history');
  await byBen(scene.app, 'before');
  await heardAll(scene, 1);
  scene.tw.disconnect();
  for (const text of ['one', 'two', 'three']) await byBen(scene.app, text);
  await scene.tw.connect();
  await heardAll(scene, 4);
  await byBen(scene.app, 'after');
  await heardAll(scene, 5);
  expect(texts(scene)).toEqual(['before', 'one', 'two', 'three', 'after']);
  expect(scene.heard.map(({ meta }) => meta.replayed)).toEqual([false, true, true, true, false]);
  await until(scene.screen, (shown) => shown.at(-1) === 5);
  expect(scene.count('GET')).toBe(1);
});

it('V6 Y1 many at once: offsets without a gap, each heard once', async () => {
  const scene = await world('once', 'history');
  const many = Array.from({ length: 40 }, (_, at) => `note ${at}`);
  await Promise.all(many.map((text) => byBen(scene.app, text)));
  await heardAll(scene, 40);
  expect(texts(scene).sort()).toEqual([...many].sort());
  const { rows } = await scene.app.pool.query<{ at: string }>('SELECT at FROM room_event ORDER BY at');
  expect(rows.map(({ at }) => Number(at))).toEqual(many.map((_, at) => at + 1));
  await until(scene.screen, (shown) => shown.at(-1) === 40);
});

it('Y2 an answer says which events it covers: none of them is shown twice', async () => {
  const scene = await world('once', 'history');
  const response = await scene.tw.fetch('/api/notes');
  expect(response.headers.get('Tidewire-Base')).toMatch(/^notes=[\w-]+:0$/);
  await byBen(scene.app, 'milk');
  const data: unknown = await (await scene.tw.fetch('/api/notes')).json();
  expect(scene.tw.baseInfo(data)).toMatchObject({ positions: [{ room: 'notes', offset: 1 }] });
});

it('V3 who is away for too long is told so, and fetches', async () => {
  const scene = await world('once', 'history');
  scene.tw.disconnect();
  await byBen(scene.app, 'milk');
  await scene.app.pool.query(`UPDATE room SET epoch = 'restored'`);
  await scene.tw.connect();
  await until(scene.screen, (shown) => shown.at(-1) === 1);
  expect(scene.heard).toEqual([]);
  expect(scene.count('GET')).toBe(2);
});

it('C1 a plain socket.io-client in the same room hears the same events, as it always did', async () => {
  const { app } = await world('once', 'history');
  const plain = io(app.url, { auth: { token: 'cyd' }, forceNew: true });
  onTestFinished(() => void plain.disconnect());
  expect(await plain.emitWithAck('room:join', { roomId: 'notes' })).toMatchObject({ success: true });
  const heard = new Promise((resolve) => plain.on('note:added', (...args) => resolve(args)));
  await byBen(app, 'milk');
  expect(await heard).toEqual([{ id: '1', author: 'ben', text: 'milk' }]);
});

/** What the list shows while one note of ours is written: how many notes, at each change. */
async function written(...steps: Parameters<typeof world>): Promise<World> {
  const scene = await world(...steps);
  await scene.tw.submit(addNoteOnce, { text: 'milk' }).acknowledged;
  await heardAll(scene, 1);
  return scene;
}

it('Q16 without the write\'s id in the event the note stands there twice, until it is fetched', async () => {
  const { screen, refetch, tw } = await written('once', 'history');
  await until(screen, ({ length }) => length === 3);
  await refetch(); // by itself 10 s after the answer
  await until(tw.outbox, ({ writes }) => writes.length === 0);
  expect(screen.get()).toEqual([0, 1, 2, 1]);
});

it('Q16 Q17 recipe 3: with it the list shows it once, and nothing is fetched', async () => {
  const { screen, heard, count, tw } = await written('once', 'history', 'writeId');
  await until(tw.outbox, ({ ready, writes }) => ready && writes.length === 0);
  expect(screen.get()).toEqual([0, 1]);
  expect(heard).toMatchObject([{ meta: { own: true } }]);
  expect(count('GET')).toBe(1);
});
