// The platform under the real engine: what a storage that was emptied costs (nothing), two clients in one process, and the background drain.
import { describe, expect, it } from 'vitest';
import { createTidewire, defineMutation, type IncomingResponse, type OutgoingRequest, type Platform, type StorePort, type Tidewire } from '@tidewire/client';
import { quiet as turns } from '../../client/test/support/platform.js';
import { FakePlatform } from '../../client/test/support/platform.js';
import { drain } from '../src/drain.js';
import { asyncStorageStore } from '../src/ports/async-storage-store.js';
import { mmkvStore } from '../src/ports/mmkv-store.js';
import { reactNative, type ReactNativeOptions } from '../src/react-native.js';
import { fakeAsyncStorage, fakeMmkv } from './support/storages.js';

/** AsyncStorage takes many turns for a write. */
const quiet = async (): Promise<void> => {
  for (let round = 0; round < 12; round += 1) await turns();
};

const say = defineMutation<{ id: string; room?: string }>({
  name: 'say',
  version: 1,
  request: ({ id }) => ({ method: 'POST', path: '/api/messages', body: { id } }),
  lane: ({ room = 'all' }) => room,
});

class Backend {
  readonly requests: { id: string; request: OutgoingRequest; answer(status: number, outcome?: string): void; lose(): void }[] = [];
  readonly port = (request: OutgoingRequest): Promise<IncomingResponse> =>
    new Promise((resolve, reject) => {
      const { id } = JSON.parse(request.body ?? '{}') as { id: string };
      this.requests.push({
        id,
        request,
        answer: (status, outcome) => resolve({ status, headers: new Headers({ 'Content-Type': 'application/json', ...(outcome === undefined ? {} : { 'Tidewire-Outcome': outcome }) }), text: () => Promise.resolve('{}') }),
        lose: () => reject(new TypeError('Network request failed')),
      });
    });
  /** Answers what comes, for as long as something does. */
  async serve(): Promise<void> {
    for (let at = 0; ; at += 1) {
      await quiet();
      const next = this.requests[at];
      if (next === undefined) return;
      next.answer(201, 'applied');
    }
  }
}

interface Made {
  readonly tw: Tidewire;
  readonly backend: Backend;
  readonly fake: FakePlatform;
  readonly notes: string[];
  background(): void;
  foreground(): void;
}

function made(storage: StorePort, overrides: Partial<Platform> = {}): Made {
  const fake = new FakePlatform();
  const backend = new Backend();
  const notes: string[] = [];
  let listener: (state: string) => void = () => undefined;
  const appState: ReactNativeOptions['appState'] = {
    currentState: 'active',
    addEventListener: (_type, given) => {
      listener = given;
      return { remove: () => undefined };
    },
  };
  const { clock, socket, network } = fake;
  const platform: Platform = { ...reactNative({ appState, storage }), clock, socket, network, ...overrides };
  const tw = createTidewire({ url: 'http://s', user: 'ana', token: () => 'secret', platform, request: backend.port, mutations: [say], log: ({ note }) => notes.push(note) });
  return { tw, backend, fake, notes, background: () => listener('background'), foreground: () => listener('active') };
}

/** Names of the records of writes. */
const writesIn = (names: Iterable<string>): number => [...names].filter((name) => /^tw1\/r\/[^/]*\/w\//.test(name)).length;

const STORAGES = [
  ['MMKV', () => ({ storage: fakeMmkv(), open: mmkvStore as (storage: never) => StorePort })],
  ['AsyncStorage', () => ({ storage: fakeAsyncStorage(), open: asyncStorageStore as (storage: never) => StorePort })],
] as const;

describe.each(STORAGES)('over %s', (_name, make) => {
  const fresh = (): { port: StorePort; values: Map<string, unknown> } => {
    const { storage, open } = make();
    return { port: open(storage as never), values: storage.values };
  };

  it('Q1 Q4 a write is in the storage before its request, and gone after its answer', async () => {
    const { port, values } = fresh();
    const { tw, backend } = made(port);
    const { durable, settled } = tw.submit(say, { id: 'm1' });
    await quiet();
    await durable;
    expect([writesIn(values.keys()), backend.requests.length]).toEqual([1, 1]);
    backend.requests[0]?.answer(201, 'applied');
    await settled;
    await quiet();
    expect(writesIn(values.keys())).toBe(0);
    tw.stop();
  });

  it('Q1 Q18 what a killed app left is sent by the next one, under the same key', async () => {
    const { port } = fresh();
    const first = made(port);
    first.tw.submit(say, { id: 'm1' });
    await quiet();
    const key = first.backend.requests[0]?.request.headers['Idempotency-Key'];
    first.tw.stop();
    const second = made(port);
    second.tw.start();
    await second.tw.ready;
    await second.fake.next();
    await quiet();
    expect(second.backend.requests.map(({ id, request }) => [id, request.headers['Idempotency-Key']])).toEqual([['m1', key]]);
    second.tw.stop();
  });

  it.each(['at the next write', 'when the app comes back to the front'])('Q4 an emptied storage is noticed %s: what memory holds is written again, and sent once', async (when) => {
    const { port, values } = fresh();
    const { tw, backend, notes, foreground } = made(port);
    tw.start();
    await tw.ready;
    await quiet();
    tw.setProcessing(false);
    tw.submit(say, { id: 'm1' });
    await quiet();
    expect(writesIn(values.keys())).toBe(1);
    values.clear();
    if (when === 'at the next write') tw.submit(say, { id: 'm2' });
    else foreground();
    await quiet();
    expect(notes.filter((note) => note === 'StoreEmptied')).toHaveLength(1);
    const expected = when === 'at the next write' ? ['m1', 'm2'] : ['m1'];
    expect(writesIn(values.keys())).toBe(expected.length);
    tw.setProcessing(true);
    await backend.serve();
    expect(backend.requests.map(({ id }) => id)).toEqual(expected);
    tw.stop();
  });

  it('Q19 the app and its background task share one queue: one sends, both see', async () => {
    const { port } = fresh();
    const [app, task] = [made(port), made(port)];
    app.tw.start();
    task.tw.start();
    await Promise.all([app.tw.ready, task.tw.ready]);
    await quiet();
    task.tw.submit(say, { id: 'm1' });
    await quiet();
    expect(app.tw.outbox.get().pending).toBe(1);
    await app.backend.serve();
    expect([app.backend.requests.length, task.backend.requests.length]).toEqual([1, 0]);
    expect([app.tw.outbox.get().pending, task.tw.outbox.get().pending]).toEqual([0, 0]);
    app.tw.stop();
    await quiet();
    task.tw.submit(say, { id: 'm2' });
    await quiet();
    expect(task.backend.requests.map(({ id }) => id)).toEqual(['m2']);
    task.tw.stop();
  });
});

describe('the background drain', () => {
  async function waiting(...ids: string[]): Promise<Made> {
    const one = made(mmkvStore(fakeMmkv()));
    one.tw.start();
    await one.tw.ready;
    one.fake.networkWord = 'Online';
    one.tw.setProcessing(false);
    for (const id of ids) one.tw.submit(say, { id });
    await quiet();
    one.background();
    one.tw.setProcessing(true);
    return one;
  }

  it('A4 sends in the background what waits, lane by lane, and says what became of it', async () => {
    const { tw, backend, fake } = await waiting('m1', 'm2', 'm3');
    const drained = drain(tw, { budgetMs: 1_000, clock: fake.clock });
    await backend.serve();
    expect(await drained).toEqual({ processed: 3, failed: 0, skipped: 0, pending: 0, ended: 'empty' });
    expect(backend.requests.map(({ id }) => id)).toEqual(['m1', 'm2', 'm3']);
    expect(fake.sockets).toEqual([]);
    tw.stop();
  });

  it('returns when its time is over, with a request still under way', async () => {
    const { tw, fake, backend } = await waiting('m1');
    const drained = drain(tw, { budgetMs: 1_000, clock: fake.clock });
    await quiet();
    expect(backend.requests).toHaveLength(1);
    fake.pass(999);
    await quiet();
    let ended = false;
    void drained.then(() => (ended = true));
    await quiet();
    expect(ended).toBe(false);
    fake.pass(1);
    expect(await drained).toEqual({ processed: 0, failed: 0, skipped: 0, pending: 1, ended: 'budget' });
    tw.stop();
  });

  it('Q11 does not hammer: what failed waits for its next time', async () => {
    const { tw, fake, backend } = await waiting('m1');
    const drained = drain(tw, { budgetMs: 60_000, clock: fake.clock });
    await quiet();
    backend.requests[0]?.answer(503);
    expect(await drained).toMatchObject({ pending: 1, ended: 'failed' });
    expect(backend.requests).toHaveLength(1);
    tw.stop();
  });

  it('C3 offline is found out by one pass, and then given up', async () => {
    const { tw, fake, backend } = await waiting('m1');
    fake.tellNetwork('Offline');
    await quiet();
    const drained = drain(tw, { budgetMs: 60_000, clock: fake.clock });
    await quiet();
    backend.requests[0]?.lose();
    expect(await drained).toMatchObject({ pending: 1, ended: 'blocked', blocked: 'offline' });
    tw.stop();
  });

  it('an empty queue costs nothing', async () => {
    const { tw, fake, backend } = await waiting();
    expect(await drain(tw, { budgetMs: 1_000, clock: fake.clock })).toEqual({ processed: 0, failed: 0, skipped: 0, pending: 0, ended: 'empty' });
    expect(backend.requests).toEqual([]);
    tw.stop();
  });

  it('Q19 beside an app that leads, the task waits for what the app sends', async () => {
    const storage = fakeMmkv();
    const app = made(mmkvStore(storage));
    app.tw.start();
    await app.tw.ready;
    app.tw.submit(say, { id: 'm1' });
    await quiet();
    const task = made(mmkvStore(storage));
    const drained = drain(task.tw, { budgetMs: 60_000, clock: task.fake.clock });
    await app.backend.serve();
    await quiet();
    expect(await drained).toMatchObject({ pending: 0, ended: 'empty' });
    expect([app.backend.requests.length, task.backend.requests.length]).toEqual([1, 0]);
    task.tw.stop();
    app.tw.stop();
  });
});
