// Recipe 1 (server/once.mjs): a write that comes twice is applied once (Q9), also when its answer was lost, when both come at the same time, or when the server fails in between.
import { expect, it } from 'vitest';
import { addNoteOnce } from '../client/notes.js';
import { once, Refused } from '../server/once.mjs';
import { app, byBen, world } from './world.js';

const key = (name: string): Record<string, string> => ({ 'idempotency-key': `"${name}"` });

it('Q9 a write whose answer is lost is sent again under its key, and is there once', async () => {
  const { app: { requests }, tw, notes, loseAnswer } = await world('once');
  loseAnswer();
  const write = tw.submit(addNoteOnce, { text: 'milk' });
  const answer = await write.acknowledged;
  const [note, ...more] = await notes();
  expect([answer.status, answer.data, more]).toEqual([201, note, []]);
  const sent = requests.filter(({ method }) => method === 'POST').map(({ headers }) => headers['idempotency-key']);
  expect(sent).toEqual([`"${write.id}"`, `"${write.id}"`]);
  expect(tw.outbox.get()).toMatchObject({ pending: 0, parked: 0 });
});

it('Q9 both at the same time: one is applied, the other gets its answer', async () => {
  const running = await app('once');
  const answers = await Promise.all(Array.from({ length: 8 }, () => byBen(running, 'milk', key('same'))));
  expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(new Set([JSON.stringify({ status: 201, body: { id: '1', author: 'ben', text: 'milk' } })]));
  expect((await running.pool.query('SELECT 1 FROM note')).rowCount).toBe(1);
});

it('Q9 the same key with something else is refused; the same key of somebody else is another one', async () => {
  const running = await app('once');
  await byBen(running, 'milk', key('one'));
  expect((await byBen(running, 'bread', key('one'))).status).toBe(422);
  expect((await byBen(running, 'bread', { ...key('one'), authorization: 'Bearer cyd' })).status).toBe(201);
});

it('Q9 what is refused leaves nothing, so that the same write may come again', async () => {
  const running = await app('once');
  expect((await byBen(running, '', key('one'))).status).toBe(400);
  expect((await byBen(running, 'milk', key('one'))).status).toBe(201);
});

it('Q9 a server that fails between effect and answer has done nothing: the next attempt does it', async () => {
  const { pool } = await app('once');
  const write = { person: 'ben', key: 'one', request: 'POST /api/notes' };
  const effect = `INSERT INTO note (author, text) VALUES ('ben', 'milk')`;
  const failing = once(pool, write, async (tx) => {
    await tx.query(effect);
    throw new Error('killed here');
  });
  await expect(failing).rejects.toThrow('killed here');
  await once(pool, write, async (tx) => {
    await tx.query(effect);
    return { status: 201, body: {} };
  });
  await expect(once(pool, write, () => Promise.reject(new Refused(500, 'ran twice')))).resolves.toEqual({ status: 201, body: {} });
  expect((await pool.query('SELECT 1 FROM note')).rowCount).toBe(1);
});
