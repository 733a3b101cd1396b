// The host over the real engine, as WebAssembly and as plain JavaScript. Needs the generated engines (`cargo xtask wasm`).
import { describe, expect, it, vi } from 'vitest';
import { newClient, type TidewireOptions } from '../src/client.js';
import type { CreateEngine } from '../src/engine/binding.js';
import { createEngine as createJs } from '../src/engine/js.js';
import { createEngine as createWasm } from '../src/engine/wasm.js';
import { NotSent } from '../src/host/functions.js';
import { defineMutation } from '../src/rules.js';
import type { StorePort, TabMessage } from '../src/ports/port.js';
import type { AnyEvents, IncomingResponse, OutgoingRequest, Tidewire } from '../src/types.js';
import { FakePlatform, quiet, sharedStore } from './support/platform.js';

const OPEN = '0{"sid":"e","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}';
const say = defineMutation<{ id: string; text: string }>({
  name: 'say',
  version: 1,
  request: ({ id, text }) => ({ method: 'POST', path: '/api/messages', body: { id, text } }),
  optimistic: ({ id, text }, cache) => cache.insert(['messages'], { id, text }),
});

/** A backend in the test's hand: requests wait for their answer. */
class Backend {
  readonly requests: { request: OutgoingRequest; answer: (response: IncomingResponse) => void; lose: () => void }[] = [];
  readonly port = (request: OutgoingRequest): Promise<IncomingResponse> =>
    new Promise((answer, reject) => this.requests.push({ request, answer, lose: () => reject(new TypeError('lost')) }));
}

function response(status: number, outcome: string | undefined, body = '{}'): IncomingResponse {
  const headers = new Headers({ 'Content-Type': 'application/json', ...(outcome === undefined ? {} : { 'Tidewire-Outcome': outcome }) });
  return { status, headers, text: () => Promise.resolve(body) };
}

describe.each([
  ['wasm', createWasm],
  ['plain JavaScript', createJs],
] as const)('over the real engine (%s)', (_name, createEngine: CreateEngine) => {
  function client(options: Partial<TidewireOptions<AnyEvents>> = {}, platform = new FakePlatform()): { tw: Tidewire; platform: FakePlatform; backend: Backend } {
    const backend = new Backend();
    const tw = newClient({ url: 'http://s', user: 'ana', token: () => 'secret', platform, request: backend.port, mutations: [say], ...options }, createEngine);
    return { tw, platform, backend };
  }

  /** A client that sends and is not connected. */
  async function made(options: Partial<TidewireOptions<AnyEvents>>) {
    const one = client(options);
    one.tw.start();
    await one.tw.ready;
    return one;
  }

  async function connected(platform = new FakePlatform()) {
    const made = client({}, platform);
    const first = made.tw.connect();
    await quiet();
    const socket = platform.sockets.at(-1);
    if (socket === undefined) throw new Error('no link');
    socket.events.opened();
    socket.events.text(OPEN);
    await quiet();
    socket.events.text('40{"sid":"s1","tidewire":1}');
    await first;
    return { ...made, socket };
  }

  it('C1 C5 A5 connects with the token and offers the dialect', async () => {
    const { tw, socket } = await connected();
    expect(socket.sent[0]).toBe('40{"token":"secret","tidewire":1}');
    expect(tw.connection.get()).toEqual({ status: 'connected', sid: 's1', tidewire: true });
  });

  it('A5 C5 without a token says so', async () => {
    const { tw } = client({ token: () => null });
    await expect(tw.connect()).rejects.toMatchObject({ code: 'AUTH', message: 'No auth token available' });
  });

  it('A5 C3 offline says so, and connects by itself when the network is back', async () => {
    const platform = new FakePlatform();
    platform.networkWord = 'Offline';
    const { tw } = client({}, platform);
    await expect(tw.connect()).rejects.toMatchObject({ code: 'OFFLINE', message: 'No internet connection' });
    expect(platform.sockets).toHaveLength(0);
    platform.tellNetwork('Online');
    await quiet();
    expect(platform.sockets).toHaveLength(1);
  });

  it('A5 C2 an attempt that fails rejects, and the next one comes by itself', async () => {
    const { tw, platform } = client();
    const first = tw.connect();
    await quiet();
    platform.sockets[0]?.events.closed('Unreachable');
    await expect(first).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(platform.sockets).toHaveLength(1);
    await platform.next();
    expect(platform.sockets).toHaveLength(2);
  });

  it('V3 Y1 joins, and hears the room once and in order', async () => {
    const { tw, socket } = await connected();
    const heard: unknown[] = [];
    tw.on('message:new', (payload, meta) => heard.push([payload, meta.room]));
    const room = tw.join('r');
    await quiet();
    const ask = /^42(\d+)\["room:join",\{"roomId":"r"\}\]$/.exec(String(socket.sent.at(-1)));
    socket.events.text(`43${ask?.[1]}[{"success":true,"epoch":"e1","offset":4,"recovered":false}]`);
    expect(await room.result).toMatchObject({ success: true });
    for (const offset of [5, 5, 6]) socket.events.text(`42["tw",["r","e1",${offset},"ev${offset}",""],"message:new",{"n":${offset}}]`);
    await quiet();
    expect(heard).toEqual([[{ n: 5 }, 'r'], [{ n: 6 }, 'r']]);
  });

  it('C6 an emit is acknowledged, or settles when the link dies', async () => {
    const { tw, socket } = await connected();
    const answered = tw.emitWithAck('ask', { q: 'ü🌊' });
    await quiet();
    const [, ack, args] = /^42(\d+)\["ask",(.*)\]$/.exec(String(socket.sent.at(-1))) ?? [];
    expect(args).toBe('{"q":"ü🌊"}');
    socket.events.text(`43${ack}[{"a":1}]`);
    expect(await answered).toEqual({ a: 1 });
    const lost = tw.emitWithAck('ask', 2).catch((error: unknown) => error);
    await quiet();
    socket.events.closed('Lost');
    expect(await lost).toMatchObject({ code: 'MAYBE_LOST' });
  });

  it('Q1 Q9 Q22 a write is stored, sent once with its key, and settles', async () => {
    const { tw, backend, platform } = await connected();
    const handle = tw.submit(say, { id: 'm1', text: 'hi' });
    expect(backend.requests).toHaveLength(0);
    await handle.durable;
    await quiet();
    const [sent] = backend.requests;
    expect(sent?.request).toMatchObject({ url: 'http://s/api/messages', method: 'POST', body: '{"id":"m1","text":"hi"}' });
    const headers = new Headers(sent?.request.headers);
    expect(headers.get('Idempotency-Key')).toBe(`"${handle.id}"`);
    expect(headers.get('Tidewire-Client')).toBe(tw.useClientId());
    expect(headers.get('Tidewire-Sequence')).toBe('1');
    sent?.answer(response(201, 'applied', '{"ok":true}'));
    expect(await handle.acknowledged).toEqual({ status: 201, data: { ok: true }, replayed: false });
    // Q17: no base has shown it; only time can tell that none will.
    platform.pass(10_000);
    await handle.settled;
    await quiet();
    expect(tw.outbox.get()).toMatchObject({ pending: 0, parked: 0, writes: [] });
  });

  it('Q22 a write without a layer settles with its answer', async () => {
    const { tw, backend } = await connected();
    const handle = tw.submit({ method: 'PUT', path: '/api/settings', body: { dark: true } });
    await handle.durable;
    await quiet();
    backend.requests[0]?.answer(response(200, 'applied'));
    await handle.settled;
    expect(tw.outbox.get().writes).toEqual([]);
  });

  it('Q9 Q11 the lost answer: sent again with the same bytes and key', async () => {
    const { tw, backend, platform } = await connected();
    const handle = tw.submit(say, { id: 'm1', text: 'hi' });
    await handle.durable;
    await quiet();
    backend.requests[0]?.lose();
    await quiet();
    while (tw.outbox.get().nextAttempt !== undefined) await platform.next();
    expect(backend.requests).toHaveLength(2);
    const [first, second] = backend.requests.map(({ request }) => request);
    expect(second?.headers).toEqual(first?.headers);
    expect(second?.body).toBe(first?.body);
    backend.requests[1]?.answer(response(201, 'replayed'));
    expect(await handle.acknowledged).toMatchObject({ replayed: true });
  });

  it('Q13 a definite refusal parks it, and it can be discarded', async () => {
    const { tw, backend } = await connected();
    const handle = tw.submit(say, { id: 'm1', text: '' });
    await handle.durable;
    await quiet();
    backend.requests[0]?.answer(response(404, 'rejected', '{"error":{"code":"x"}}'));
    await expect(handle.acknowledged).rejects.toMatchObject({ code: 'PERMANENT', status: 404 });
    expect(tw.outbox.get()).toMatchObject({ parked: 1, writes: [{ id: handle.id, state: 'parked' }] });
    expect(tw.discard(handle.id)).toBe(true);
    await expect(handle.settled).rejects.toMatchObject({ code: 'DISCARDED' });
    expect(tw.outbox.get()).toMatchObject({ parked: 0, writes: [] });
  });

  it('A2 Q13 a parked write that is tried again has another promise, which its answer resolves', async () => {
    const { tw, backend } = await connected();
    const handle = tw.submit(say, { id: 'm1', text: '' });
    await handle.durable;
    await quiet();
    backend.requests[0]?.answer(response(404, 'rejected'));
    const first = handle.acknowledged;
    await expect(first).rejects.toMatchObject({ code: 'PERMANENT' });
    expect(tw.retry(handle.id)).toBe(true);
    await quiet();
    backend.requests[1]?.answer(response(201, 'applied', '{"ok":1}'));
    expect(await handle.acknowledged).toMatchObject({ status: 201, data: { ok: 1 } });
    await expect(first).rejects.toMatchObject({ code: 'PERMANENT' });
  });

  it('A4 a pass counts what was done, what failed and what was parked, and ends when nothing is under way', async () => {
    const { tw, backend } = await connected();
    tw.setProcessing(false);
    const [one, two, three] = ['a', 'b', 'c'].map((at) => tw.submit({ method: 'POST', path: `/api/${at}` }));
    if (one === undefined || two === undefined || three === undefined) throw new Error('three writes');
    await Promise.all([one.durable, two.durable, three.durable]);
    expect(await tw.process()).toEqual({ processed: 0, failed: 0, skipped: 0 });
    tw.setProcessing(true);
    const pass = tw.process();
    const joined = tw.process();
    await quiet();
    const at = (path: string) => backend.requests.find(({ request }) => request.url.endsWith(path));
    at('/a')?.answer(response(200, 'applied'));
    at('/b')?.answer(response(400, 'rejected'));
    await quiet();
    expect(await Promise.race([pass, Promise.resolve('runs')])).toBe('runs');
    at('/c')?.lose();
    expect(await pass).toEqual({ processed: 1, failed: 1, skipped: 1 });
    expect(await joined).toEqual({ processed: 1, failed: 1, skipped: 1 });
  });

  it('A4 a pass while the network is down ends at once, and stop ends one that runs', async () => {
    const platform = new FakePlatform();
    const { tw, backend } = await connected(platform);
    platform.tellNetwork('Offline');
    await quiet();
    const handle = tw.submit(say, { id: 'm1', text: 'hi' });
    await handle.durable;
    platform.tellNetwork('Online');
    const pass = tw.process();
    await quiet();
    expect(backend.requests).toHaveLength(1);
    tw.stop();
    expect(await pass).toEqual({ processed: 0, failed: 0, skipped: 0 });
    expect(handle.id).not.toBe('');
  });

  it('A1 a function sends where there is no request, with key, signal and attempt; its result is the answer', async () => {
    const sent: unknown[] = [];
    const cheer = defineMutation<number>({
      name: 'cheer',
      version: 1,
      mutationFn: (by, { idempotencyKey, signal, attempt }) => {
        sent.push([by, idempotencyKey, signal instanceof AbortSignal, attempt]);
        return Promise.resolve({ cheers: by });
      },
    });
    const { tw, backend } = await made({ mutations: [cheer] });
    const handle = tw.submit(cheer, 3);
    await handle.durable;
    expect(await handle.acknowledged).toMatchObject({ status: 200, data: { cheers: 3 } });
    expect(sent).toEqual([[3, handle.id, true, 1]]);
    const unnamed = tw.submit({ variables: 4, mutationFn: ({ idempotencyKey }) => idempotencyKey });
    expect((await unnamed.acknowledged).data).toBe(unnamed.id);
    expect(backend.requests).toEqual([]);
  });

  it.each([
    ["an answer's status parks it", { status: 422, data: { why: 'x' } }, { state: 'parked', error: { code: 'PERMANENT', status: 422, data: { why: 'x' } } }],
    ['as axios has it', { response: { status: 409, data: 1 } }, { state: 'parked', error: { code: 'CONFLICT', status: 409 } }],
    ['nothing was sent', new NotSent('no token'), { state: 'retrying' }],
  ])('A1 Q10 a function that fails: %s', async (_what, error, expected) => {
    const { tw } = await made({});
    const handle = tw.submit({ mutationFn: () => Promise.reject(error as Error) });
    await handle.durable;
    await quiet();
    expect(tw.outbox.get().writes).toMatchObject([expected]);
  });

  it('A1 Q18 a function found by name sends what an earlier session left', async () => {
    const store = sharedStore();
    const sent: unknown[] = [];
    const cheer = defineMutation<number>({ name: 'cheer', version: 1, mutationFn: (by) => sent.push(by) });
    const before = client({ mutations: [cheer] }, new FakePlatform(store));
    before.tw.setProcessing(false);
    await before.tw.submit(cheer, 7).durable;
    before.tw.stop();
    await quiet();
    const after = client({ mutations: [cheer] }, new FakePlatform(store));
    after.tw.start();
    await after.tw.ready;
    after.platform.tabsEvents?.granted();
    await quiet();
    expect(sent).toEqual([7]);
  });

  it('A2 a write that was not durable when the client stopped says so; a durable one waits for the next start', async () => {
    const store = sharedStore();
    const platform = new FakePlatform(store);
    const { tw } = client({}, platform);
    tw.setProcessing(false);
    const kept = tw.submit(say, { id: 'm1', text: 'kept' });
    await kept.durable;
    const open = tw.submit(say, { id: 'm2', text: 'open' });
    tw.stop();
    for (const promise of [open.durable, open.acknowledged, open.settled]) await expect(promise).rejects.toMatchObject({ code: 'STOPPED' });
    expect(tw.outbox.get().writes.map(({ id }) => id)).toEqual([kept.id]);
    expect(await Promise.race([kept.acknowledged, Promise.resolve('waits')])).toBe('waits');
    tw.start();
    await quiet();
    // It had reached the store: nobody could know, and now it is found.
    expect(tw.outbox.get().writes.map(({ id }) => id)).toContain(open.id);
  });

  it("Q10 a captive portal's 200 is no answer", async () => {
    const { tw, backend } = await connected();
    const handle = tw.submit(say, { id: 'm1', text: 'hi' });
    await handle.durable;
    await quiet();
    backend.requests[0]?.answer(response(200, undefined, '<html>welcome</html>'));
    await quiet();
    expect(tw.outbox.get()).toMatchObject({ pending: 1, writes: [{ id: handle.id, state: 'retrying' }] });
  });

  it('Q18 a restart finds the write, its layer and its name, and sends it with the same key', async () => {
    const store = sharedStore();
    const before = client({}, new FakePlatform(store));
    before.tw.setProcessing(false);
    const handle = before.tw.submit(say, { id: 'm1', text: 'hi' });
    await handle.durable;
    before.tw.stop();
    await quiet();
    const after = client({}, new FakePlatform(store));
    const layers = vi.fn();
    after.tw.attachCache({ event: vi.fn(), layerAdded: layers, layerChanged: vi.fn(), layerRetired: vi.fn(), settled: vi.fn(), notApplied: vi.fn(), baseRefused: vi.fn(), refetch: vi.fn(), commit: vi.fn(), restore: vi.fn(), dirty: () => [] });
    after.tw.start();
    await after.tw.ready;
    expect(layers.mock.calls).toMatchObject([[{ write: handle.id, name: 'say', variables: { id: 'm1', text: 'hi' }, restored: true }]]);
    expect(after.tw.outbox.get()).toMatchObject({ ready: true, pending: 1, blocked: 'follower', writes: [{ id: handle.id, name: 'say' }] });
    after.platform.tabsEvents?.granted();
    await quiet();
    expect(new Headers(after.backend.requests[0]?.request.headers).get('Idempotency-Key')).toBe(`"${handle.id}"`);
  });

  it('Q19 a write of the second tab is sent once, by the first; and by the second when the first goes', async () => {
    const tabs = twoTabs(sharedStore());
    const [one, two] = tabs.platforms.map((platform) => client({}, platform));
    if (one === undefined || two === undefined) throw new Error('two tabs');
    one.tw.start();
    two.tw.start();
    await quiet();
    tabs.platforms[0]?.tabsEvents?.granted();
    await quiet();
    const handle = two.tw.submit(say, { id: 'm1', text: 'hi' });
    await handle.durable;
    await quiet();
    expect([one.backend.requests.length, two.backend.requests.length]).toEqual([1, 0]);
    expect(one.tw.outbox.get().pending).toBe(1);
    one.tw.stop();
    tabs.platforms[1]?.tabsEvents?.granted();
    await quiet();
    expect(two.backend.requests).toHaveLength(1);
    expect(two.backend.requests[0]?.request.headers).toEqual(one.backend.requests[0]?.request.headers);
    two.backend.requests[0]?.answer(response(201, 'replayed'));
    expect(await handle.acknowledged).toMatchObject({ replayed: true });
  });

  it('C11 garbage and oversized frames close the link with a named reason, and the client goes on', async () => {
    for (const [frame, reason] of [
      ['42["a",', 'Malformed'],
      [`42["${'x'.repeat(1_000_001)}"]`, 'Oversized'],
    ] as const) {
      const { tw, socket, platform } = await connected();
      socket.events.text(frame);
      await quiet();
      expect(tw.connection.get()).toMatchObject({ status: 'waiting', reason });
      await platform.next();
      expect(platform.sockets).toHaveLength(2);
    }
  });

  it('Q4 a corrupt record is set aside and reported, and the others load', async () => {
    const store = sharedStore();
    const before = client({}, new FakePlatform(store));
    before.tw.setProcessing(false);
    await before.tw.submit(say, { id: 'm1', text: 'hi' }).durable;
    before.tw.stop();
    await (await store.open('app|default|ana')).write([{ key: 'w/0000000000000009-0000000000000000', value: Uint8Array.of(1, 2, 3) }]);
    const notes: string[] = [];
    const after = client({ log: ({ note }) => notes.push(note) }, new FakePlatform(store));
    after.tw.start();
    await after.tw.ready;
    expect(notes.filter((note) => note.includes('set aside'))).toHaveLength(1);
    expect(after.tw.outbox.get().pending).toBe(1);
  });
});

/** Two platforms over one store, whose messages reach each other. */
function twoTabs(store: StorePort): { platforms: FakePlatform[] } {
  const platforms = [new FakePlatform(store), new FakePlatform(store)];
  for (const [at, platform] of platforms.entries()) {
    const other = platforms[1 - at];
    Object.assign(platform.posted, {
      push: (message: TabMessage) => {
        void Promise.resolve().then(() => other?.tabsEvents?.message(message));
        return 0;
      },
    });
  }
  return { platforms };
}
