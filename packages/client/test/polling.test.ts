// HTTP long-polling (C1): the port against a server in the test's hand, and the whole client against the official Node server.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { newClient } from '../src/client.js';
import { createEngine } from '../src/engine/wasm.js';
import { browser } from '../src/ports/browser.js';
import { longPolling } from '../src/ports/polling.js';
import type { Tidewire } from '../src/types.js';
import { nodeServer, type NodeServer } from './support/node-server.js';
import { quiet } from './support/platform.js';

const OPEN = '0{"sid":"s1","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":60}';

interface Call {
  readonly url: string;
  readonly method: string;
  readonly body: string | undefined;
  readonly signal: AbortSignal | null | undefined;
  answer(body: string, status?: number): Promise<void>;
  fail(): Promise<void>;
}

/** A link whose requests wait for the test. */
function held() {
  const calls: Call[] = [];
  const fetch = (input: string | URL | Request, init: RequestInit = {}): Promise<Response> =>
    new Promise((resolve, reject) => {
      init.signal?.addEventListener('abort', () => reject(new DOMException('Aborted', 'AbortError')));
      calls.push({
        url: String(input),
        method: init.method ?? 'GET',
        body: init.body as string | undefined,
        signal: init.signal,
        answer: (body, status = 200) => (resolve(new Response(body, { status })), quiet()),
        fail: () => (reject(new TypeError('Failed to fetch')), quiet()),
      });
    });
  const events = { opened: vi.fn(), text: vi.fn(), binary: vi.fn(), closed: vi.fn(), writable: vi.fn() };
  const link = longPolling({ fetch }).open('https://api.test/socket.io/', events);
  return { calls, events, link };
}

async function opened() {
  const made = held();
  await made.calls[0]?.answer(OPEN);
  return made;
}

describe('the polling port', () => {
  it('C1 opens with a GET, and goes on polling with the session that the answer named', async () => {
    const { calls, events } = await opened();
    expect(calls[0]?.url).toBe('https://api.test/socket.io/?EIO=4&transport=polling');
    expect(events.opened).toHaveBeenCalledOnce();
    expect(events.text).toHaveBeenCalledWith(OPEN);
    expect(calls[1]).toMatchObject({ method: 'GET', url: 'https://api.test/socket.io/?EIO=4&transport=polling&sid=s1' });
  });

  it('C1 takes a payload apart, in order, text and binary', async () => {
    const { calls, events } = await opened();
    await calls[1]?.answer('2\x1e451-["x",{"_placeholder":true,"num":0}]\x1ebAQIDBA==\x1e42["ü🌊"]');
    expect(events.text.mock.calls.flat().slice(1)).toEqual(['2', '451-["x",{"_placeholder":true,"num":0}]', '42["ü🌊"]']);
    expect(events.binary).toHaveBeenCalledExactlyOnceWith(new Uint8Array([1, 2, 3, 4]));
    expect(events.binary.mock.invocationCallOrder[0]).toBeLessThan(events.text.mock.invocationCallOrder[3] ?? 0);
    expect(calls).toHaveLength(3);
  });

  it('C1 sends one POST at a time; what comes meanwhile goes together, up to the limit of the server', async () => {
    const { calls, link } = await opened();
    link.send('3');
    link.send('42["a"]');
    link.send(new Uint8Array([1, 2, 3, 4]));
    link.send('42["too long to go with the others"]');
    const posts = (): Call[] => calls.filter(({ method }) => method === 'POST');
    expect(posts().map(({ body }) => body)).toEqual(['3']);
    await posts()[0]?.answer('ok');
    expect(posts()[1]?.body).toBe('42["a"]\x1ebAQIDBA==');
    await posts()[1]?.answer('ok');
    expect(posts()[2]?.body).toBe('42["too long to go with the others"]');
    await posts()[2]?.answer('ok');
    expect(posts()).toHaveLength(3);
  });

  it.each([
    ['a GET without an answer', (calls: Call[]) => calls[1]?.fail(), 'Lost'],
    ['an unknown session', (calls: Call[]) => calls[1]?.answer('{"code":1}', 400), 'Lost'],
    ['503', (calls: Call[]) => calls[1]?.answer('', 503), 'Overloaded'],
    ["the server's close packet", (calls: Call[]) => calls[1]?.answer('1'), 'Lost'],
    ['what is no base64', (calls: Call[]) => calls[1]?.answer('b?'), 'Lost'],
  ])('C11 %s ends the link, once', async (_what, end, cause) => {
    const { calls, events, link } = await opened();
    await end(calls);
    link.send('2');
    expect(events.closed).toHaveBeenCalledExactlyOnceWith(cause);
    expect(calls).toHaveLength(2);
  });

  it('C2 a POST that fails ends the link, and the GET with it', async () => {
    const { calls, events, link } = await opened();
    link.send('2');
    await calls[2]?.fail();
    expect(events.closed).toHaveBeenCalledExactlyOnceWith('Lost');
    expect(calls[1]?.signal?.aborted).toBe(true);
  });

  it.each([
    ['nobody', (call: Call) => call.fail(), 'Unreachable'],
    ["a captive portal's page", (call: Call) => call.answer('<!doctype html>'), 'Unreachable'],
    ['half a handshake', (call: Call) => call.answer('0{"pingInterval":1}'), 'Unreachable'],
    ['an overloaded server', (call: Call) => call.answer('', 503), 'Overloaded'],
  ])('C2 answered by %s it never opened', async (_who, answer, cause) => {
    const { calls, events } = held();
    const [call] = calls;
    if (call === undefined) throw new Error('no request');
    await answer(call);
    expect(events.opened).not.toHaveBeenCalled();
    expect(events.closed).toHaveBeenCalledExactlyOnceWith(cause);
  });

  it('C5 close tells the server, then breaks off the waiting GET, and nothing is told any more', async () => {
    const { calls, events, link } = await opened();
    link.close();
    expect(calls[2]).toMatchObject({ method: 'POST', body: '1' });
    expect(calls[1]?.signal?.aborted).toBe(false);
    await calls[2]?.answer('ok');
    expect(calls[1]?.signal?.aborted).toBe(true);
    expect(events.closed).not.toHaveBeenCalled();
  });

  it('C5 close before it is open breaks off the handshake', async () => {
    const { calls, events, link } = held();
    link.close();
    await quiet();
    expect(calls[0]?.signal?.aborted).toBe(true);
    expect(calls).toHaveLength(1);
    expect(events.closed).not.toHaveBeenCalled();
  });
});

describe('P3 against the official Node server', () => {
  let server: NodeServer | undefined;
  let tw: Tidewire | undefined;
  afterEach(async () => {
    tw?.stop();
    await server?.stop();
  });

  function client(url: string): Tidewire {
    tw = newClient({ url, user: 'ana', token: () => 'good', backend: 'foreign', platform: { ...browser(), socket: longPolling() } }, createEngine);
    return tw;
  }

  it('C1 P3 connects, emits, is acknowledged and hears, by polling alone', async () => {
    server = await nodeServer({ transports: ['polling'] }, (socket) => {
      socket.on('sum', (a: number, b: number, answer: (sum: number) => void) => answer(a + b));
      socket.on('burst', (count: number) => {
        for (let n = 1; n <= count; n += 1) socket.emit('tick', n, 'ü🌊');
      });
    });
    const one = client(server.url);
    await one.connect();
    expect(await one.emitWithAck('sum', 20, 22)).toBe(42);
    const heard: unknown[] = [];
    const all = new Promise<void>((resolve) => {
      one.on('tick', (n, { args }) => {
        heard.push(args);
        if (n === 100) resolve();
      });
    });
    one.emit('burst', 100);
    await all;
    expect(heard).toEqual(Array.from({ length: 100 }, (_, at) => [at + 1, 'ü🌊']));
  });

  it('C1 C5 P3 disconnect is told to the server at once', async () => {
    let gone: (reason: string) => void = () => undefined;
    const left = new Promise<string>((resolve) => (gone = resolve));
    server = await nodeServer({ transports: ['polling'] }, (socket) => socket.on('disconnect', gone));
    const one = client(server.url);
    await one.connect();
    one.disconnect();
    expect(await left).toMatch(/client namespace disconnect|transport close/);
  });
});
