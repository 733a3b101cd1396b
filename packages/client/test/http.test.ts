import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Request } from '../src/generated/protocol.js';
import { target } from '../src/host/origin.js';
import { Tokens } from '../src/host/tokens.js';
import type { RequestPort } from '../src/types.js';
import { quiet } from './support/platform.js';
import { rig } from './support/rig.js';

afterEach(() => vi.unstubAllGlobals());

const request: Request = {
  write: 'w1',
  method: 'POST',
  path: '/api/x',
  headers: [{ name: 'Idempotency-Key', value: '"w1"' }, { name: 'Tidewire-Sequence', value: '1' }],
  body: '{"a":1}',
  attempt: 1, kind: 'Write', tempIds: [],
};

/** `fetch` that answers with `response`, and notes what it was asked. */
function stubFetch(response: Response | Error) {
  const asked: { url: string; init: RequestInit; headers: Headers }[] = [];
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    asked.push({ url, init, headers: new Headers(init.headers) });
    return response instanceof Error ? Promise.reject(response) : Promise.resolve(new Response(response.clone().body, response));
  });
  return asked;
}

async function send(options: Parameters<typeof rig>[0] = {}, what: Request = request) {
  const made = rig(options);
  made.tw.start();
  await made.say({ kind: 'Fetch', fetch: 9, request: what });
  await new Promise((resolve) => setImmediate(resolve));
  await quiet();
  return made;
}

describe('requests of the queue', () => {
  it('A1 Q9 go out with token, protocol headers and JSON, and come back as they are', async () => {
    const asked = stubFetch(
      new Response('{"ok":1}', { status: 201, headers: { 'Tidewire-Outcome': 'applied', 'Content-Type': 'application/json', 'Retry-After': '3' } }),
    );
    const { engine } = await send();
    expect(asked[0]?.url).toBe('http://server/api/x');
    expect(asked[0]?.init).toMatchObject({ method: 'POST', body: '{"a":1}' });
    expect(Object.fromEntries(asked[0]?.headers ?? [])).toEqual({
      authorization: 'Bearer secret',
      'content-type': 'application/json',
      'idempotency-key': '"w1"',
      'tidewire-sequence': '1',
    });
    expect(engine.last('Responded')).toEqual({
      kind: 'Responded',
      fetch: 9,
      response: { status: 201, outcome: 'applied', retryAfter: '3', contentType: 'application/json', redirected: false, body: '{"ok":1}', accepted: undefined, names: [] },
    });
  });

  it('A1 the app gives its own fetch, for reads and writes', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new Error('not this one')));
    const urls: string[] = [];
    const own: typeof fetch = (input) => (urls.push(String(input)), Promise.resolve(new Response('{}', { headers: { 'Content-Type': 'application/json' } })));
    const { tw, engine } = await send({ fetch: own });
    await tw.fetch('/api/y');
    expect(urls).toEqual(['http://server/api/x', 'http://server/api/y']);
    expect(engine.last('Responded')?.response.status).toBe(200);
  });

  it('Q9 Q20 another origin gets no token, and the headers that the engine gave it', async () => {
    for (const path of ['https://elsewhere.test/x', 'http://server.evil.test/x']) {
      const asked = stubFetch(new Response(''));
      await send({}, { ...request, path, headers: [{ name: 'Idempotency-Key', value: 'w1' }] });
      expect(Object.fromEntries(asked[0]?.headers ?? [])).toEqual({ 'content-type': 'application/json', 'idempotency-key': 'w1' });
    }
    const asked = stubFetch(new Response(''));
    await send({}, { ...request, path: '//elsewhere.test/x' });
    expect(Object.fromEntries(asked[0]?.headers ?? [])).toEqual({ 'content-type': 'application/json' });
  });

  it('Q9 an origin that is declared as ours gets the token, and the engine knows what is declared', async () => {
    const asked = stubFetch(new Response(''));
    const origins = { 'https://api.test': 'tidewire', 'https://pay.test': 'keyed-bare' } as const;
    const { engine } = await send({ origins, queue: { pending: 7 } }, { ...request, path: 'https://api.test/x' });
    expect(asked[0]?.headers.get('authorization')).toBe('Bearer secret');
    expect(engine.config?.origins).toEqual([
      { origin: 'http://server', kind: { kind: 'Tidewire' } },
      { origin: 'https://api.test', kind: { kind: 'Tidewire' } },
      { origin: 'https://pay.test', kind: { kind: 'Keyed', style: 'Bare' } },
    ]);
    expect(engine.config?.queue).toEqual({ pending: 7, pendingBytes: 4_194_304, parked: 400, parkedBytes: 16_777_216 });
  });

  it('Q10 the app may say what an answer is, and sees status, headers and body', async () => {
    stubFetch(new Response('<html>', { status: 200, headers: { 'Content-Type': 'text/html' } }));
    const seen: unknown[] = [];
    const { engine } = await send({ isAnswer: ({ status, redirected, header, body }) => (seen.push([status, redirected, header('content-type'), body]), false) });
    expect(seen).toEqual([[200, false, 'text/html', '<html>']]);
    expect(engine.last('Responded')?.response.accepted).toBe(false);
  });

  it('Q9 an answer to any read of the app says that its origin can be reached', async () => {
    stubFetch(new Response('{}'));
    const { tw, engine } = await send();
    await tw.fetch('https://pay.test:8443/x?y#z');
    await quiet();
    expect(engine.last('Reached')).toEqual({ kind: 'Reached', origin: 'https://pay.test:8443' });
    await tw.fetch('/api/x');
    await quiet();
    expect(engine.last('Reached')).toEqual({ kind: 'Reached', origin: '' });
  });

  it('Q11 no answer is Network', async () => {
    stubFetch(new TypeError('failed'));
    const { engine } = await send();
    expect(engine.last('RequestFailed')).toEqual({ kind: 'RequestFailed', fetch: 9, cause: 'Network' });
  });

  it('a body that breaks off is Network too: nobody knows the whole answer', async () => {
    const port: RequestPort = () => Promise.resolve({ status: 200, headers: new Headers(), text: () => Promise.reject(new TypeError('broke off')) });
    const { engine } = await send({ request: port });
    expect(engine.last('RequestFailed')).toMatchObject({ cause: 'Network' });
  });

  it('a token that cannot be had is Host: nothing was sent', async () => {
    const asked = stubFetch(new Response(''));
    const { engine } = await send({ token: () => Promise.reject(new Error('vault')) });
    expect(asked).toHaveLength(0);
    expect(engine.last('RequestFailed')).toMatchObject({ cause: 'Host' });
  });

  it('Abort ends it', async () => {
    const port: RequestPort = ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
    const { engine, say } = await send({ request: port });
    await say({ kind: 'Abort', fetch: 9 });
    expect(engine.last('RequestFailed')).toEqual({ kind: 'RequestFailed', fetch: 9, cause: 'Aborted' });
  });

  it("A1 go through the app's own port, with everything that it needs", async () => {
    const port = vi.fn<RequestPort>(() => Promise.resolve({ status: 204, headers: new Headers(), text: () => Promise.resolve('') }));
    const { engine } = await send({ request: port });
    const [outgoing] = port.mock.calls[0] ?? [];
    expect(outgoing).toMatchObject({ url: 'http://server/api/x', method: 'POST', body: '{"a":1}', attempt: 1 });
    expect(await outgoing?.token()).toBe('secret');
    expect(engine.last('Responded')?.response).toMatchObject({ status: 204, body: undefined });
  });

  it.each([
    ['at the limit', 'x'.repeat(64 * 1024), 'text/plain', true],
    ['over it', 'x'.repeat(64 * 1024 + 1), 'text/plain', false],
    ['not text', 'PNG', 'image/png', false],
  ])('V5 an answer %s', async (_what, text, type, kept) => {
    const { engine } = await send({ request: () => Promise.resolve({ status: 200, headers: new Headers({ 'Content-Type': type }), text: () => Promise.resolve(text) }) });
    expect(engine.last('Responded')?.response.body).toBe(kept ? text : undefined);
  });
});

describe('origins', () => {
  it.each([
    ['http://s', '/a?b=1', 'http://s/a?b=1', true],
    ['http://s/', '/a', 'http://s/a', true],
    ['', '/a', '/a', true],
    ['http://s', 'http://s/a', 'http://s/a', true],
    ['http://s', 'http://server/a', 'http://server/a', false],
    ['', '//evil/a', '//evil/a', false],
    ['', '/\\evil/a', '/\\evil/a', false],
    ['', 'https://evil/a', 'https://evil/a', false],
  ])('from %j, %j is %j', (base, path, url, own) => expect(target(base, path)).toEqual({ url, own }));
});

describe('C5 the token', () => {
  it('is asked for once at a time, anew at each attempt, and a fresh one is not answered with a stale one', async () => {
    const answers: ((token: string) => void)[] = [];
    const asked: boolean[] = [];
    const tokens = new Tokens(({ fresh }) => {
      asked.push(fresh);
      return new Promise((resolve) => answers.push(resolve));
    });
    const [one, two] = [tokens.ask(false), tokens.ask(false)];
    await quiet();
    expect(asked).toEqual([false]);
    const fresh = tokens.ask(true);
    await quiet();
    expect(asked).toEqual([false, true]);
    answers[0]?.('a');
    answers[1]?.('b');
    expect(await Promise.all([one, two, fresh])).toEqual(['a', 'a', 'b']);
    void tokens.ask(false);
    await quiet();
    expect(asked).toEqual([false, true, false]);
  });

  it.each([
    [undefined, { kind: 'Anonymous' }],
    [() => null, { kind: 'Missing' }],
    [() => '', { kind: 'Missing' }],
    [() => 't', { kind: 'Token', token: 't' }],
    [() => Promise.reject(new Error('vault')), { kind: 'Failed' }],
  ])('as a fact (%#)', async (source, result) => expect(await new Tokens(source).result(false)).toEqual(result));
});

describe('Y2 client.fetch', () => {
  const based = (): Response => new Response('[{"id":"a"},{"id":"b"},3]', { headers: { 'Tidewire-Base': 'activities=k3j:44; applied=1-2' } });

  it('adds token and client id, and knows what the parsed body covers', async () => {
    const asked = stubFetch(based());
    const { tw, say } = rig();
    tw.start();
    await say({ kind: 'Client', client: 'me' });
    expect(tw.useClientId()).toBe('me');
    const data = (await (await tw.fetch('/api/activities')).json()) as unknown[];
    expect(Object.fromEntries(asked[0]?.headers ?? [])).toEqual({ authorization: 'Bearer secret', 'tidewire-client': 'me' });
    const info = { positions: [{ room: 'activities', epoch: 'k3j', offset: 44 }], applied: { client: 'me', ranges: [{ from: 1, to: 2 }] } };
    expect(tw.baseInfo(data)).toEqual(info);
    expect(tw.baseInfo(data[1])).toEqual(info);
    expect(tw.baseInfo({})).toBeUndefined();
    expect(tw.baseInfo('text')).toBeUndefined();
  });

  it('also through a clone', async () => {
    stubFetch(based());
    const response = (await rig().tw.fetch('/api/activities')).clone();
    const { tw } = rig();
    expect(tw.baseInfo(await response.json())).toBeUndefined();
    const mine = rig().tw;
    stubFetch(based());
    expect(mine.baseInfo(await (await mine.fetch('/x')).clone().json())?.positions).toHaveLength(1);
  });

  it('Q9 a foreign backend gets the token and no header of ours', async () => {
    const asked = stubFetch(new Response('{}'));
    const { tw, say } = rig({ backend: 'foreign' });
    tw.start();
    await say({ kind: 'Client', client: 'c1' });
    await tw.fetch('/api/list');
    expect(Object.fromEntries(asked[0]?.headers ?? [])).toEqual({ authorization: 'Bearer secret' });
  });

  it("keeps the app's own headers, and gives other origins nothing", async () => {
    const asked = stubFetch(based());
    const { tw, say } = rig();
    tw.start();
    await say({ kind: 'Client', client: 'me' });
    await tw.fetch('/x', { headers: { Authorization: 'Basic b', Accept: 'text/csv' } });
    expect(Object.fromEntries(asked[0]?.headers ?? [])).toEqual({ accept: 'text/csv', authorization: 'Basic b', 'tidewire-client': 'me' });
    const data: unknown = await (await tw.fetch('https://elsewhere.test/x')).json();
    expect(Object.fromEntries(asked[1]?.headers ?? [])).toEqual({});
    expect(tw.baseInfo(data)).toBeUndefined();
  });

  it('a header that does not parse counts as none', async () => {
    stubFetch(new Response('[]', { headers: { 'Tidewire-Base': 'activities=k3j' } }));
    const { tw } = rig();
    expect(tw.baseInfo(await (await tw.fetch('/x')).json())).toBeUndefined();
  });
});
