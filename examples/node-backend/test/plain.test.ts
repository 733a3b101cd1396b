// A Node server that knows nothing of Tidewire: what holds, what does not, and that status says so (C1, C10, Q9, Q13, Q16, Y3, A6).
import { expect, it } from 'vitest';
import { addNote } from '../client/notes.js';
import { byBen, heardAll, until, world } from './world.js';

it('C1 C7 C10 connects, joins and hears; status says that the server does not speak the dialect', async () => {
  const scene = await world();
  expect(scene.tw.connection.get()).toMatchObject({ status: 'connected', tidewire: false });
  await byBen(scene.app, 'hello');
  await heardAll(scene, 1);
  expect(scene.heard).toMatchObject([{ note: { author: 'ben', text: 'hello' }, meta: { replayed: false, own: false } }]);
});

it('Q1 Q9 a write is stored, sent without a header of ours, and done at its answer', async () => {
  const { app, tw, notes } = await world();
  const write = tw.submit(addNote, { text: 'milk' });
  expect((await write.acknowledged).status).toBe(201);
  expect((await notes()).map(({ text }) => text)).toEqual(['milk']);
  const sent = app.requests.find(({ method }) => method === 'POST');
  expect(Object.keys(sent?.headers ?? {}).filter((name) => /^(tidewire|idempotency)/.test(name))).toEqual([]);
});

it('Q9 Q13 a write whose answer is lost is parked as unknown: nobody can say, and it is not sent twice', async () => {
  const { tw, notes, loseAnswer, count } = await world();
  loseAnswer();
  const write = tw.submit(addNote, { text: 'milk' });
  await expect(write.acknowledged).rejects.toMatchObject({ code: 'UNKNOWN' });
  await tw.process();
  expect(tw.outbox.get()).toMatchObject({ pending: 0, parked: 1, writes: [{ state: 'parked', label: 'Note "milk"', error: { code: 'UNKNOWN' } }] });
  expect([count('POST'), (await notes()).length]).toEqual([1, 1]);
  // A person may say that it should be tried again, and then it stands there twice: this is what recipe 1 is for.
  tw.retry(write.id);
  await until(tw.outbox, ({ writes }) => writes[0]?.state === 'acknowledged');
  expect((await notes()).map(({ text }) => text)).toEqual(['milk', 'milk']);
});

it('Y3 what was told while the client was away is lost as an event; the queries of the room are fetched again, once', async () => {
  const scene = await world();
  scene.tw.disconnect();
  await byBen(scene.app, 'missed');
  await scene.tw.connect();
  await until(scene.screen, (shown) => shown.at(-1) === 1);
  expect(scene.heard).toEqual([]);
  expect(scene.count('GET')).toBe(2);
});

it('A6 the events are those of the app: other names and payloads do not compile', async () => {
  const { tw } = await world();
  tw.on('note:added', ({ text }) => text.length);
  // @ts-expect-error no such event
  tw.on('note:removed', () => undefined);
  // @ts-expect-error a note has no title
  tw.on('note:added', ({ title }) => title);
  // @ts-expect-error a text is a text
  tw.edit('x', addNote, { text: 7 });
});
