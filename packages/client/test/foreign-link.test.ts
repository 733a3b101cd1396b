// The whole client over the real engine against the official Node server (P3): what one link carries besides plain events.
import { afterEach, describe, expect, it } from 'vitest';
import type { Server, Socket } from 'socket.io';
import * as parser from 'socket.io-msgpack-parser';
import { newClient, type TidewireOptions } from '../src/client.js';
import { createEngine } from '../src/engine/wasm.js';
import { reliable } from '../src/emit-class.js';
import { msgpack } from '../src/msgpack.js';
import { browser } from '../src/ports/browser.js';
import { longPolling } from '../src/ports/polling.js';
import type { AnyEvents, Tidewire } from '../src/types.js';
import { nodeServer, type NodeServer } from './support/node-server.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe.each([
  ['text packets', {}, {}],
  ['MessagePack packets', { parser }, { parser: msgpack }],
] as const)('P3 over polling, %s', (_name, serverOptions, clientOptions) => {
  let server: NodeServer | undefined;
  let tw: Tidewire | undefined;
  afterEach(async () => {
    tw?.stop();
    await server?.stop();
  });

  async function meet(connected: (socket: Socket, io: Server) => void, options: Partial<TidewireOptions<AnyEvents>> = {}): Promise<Tidewire> {
    const made = await nodeServer({ transports: ['polling'], ...serverOptions }, (socket) => connected(socket, made.io));
    server = made;
    const platform = { ...browser(), socket: longPolling() };
    tw = newClient({ url: made.url, user: 'ana', token: () => 'good', backend: 'foreign', platform, ...clientOptions, ...options }, createEngine);
    await tw.connect();
    return tw;
  }

  it('C1 P3 bytes go both ways, in events and answers', async () => {
    const one = await meet((socket) =>
      socket.on('echo', (value: { deep: Buffer[] }, more: Buffer, answer: (...args: unknown[]) => void) => {
        socket.emit('said', { size: value.deep.map((part) => part.length), back: [more, value.deep[0]] });
        answer({ reversed: Buffer.from(more).reverse() });
      }),
    );
    const heard = new Promise<{ size: number[]; back: Uint8Array[] }>((resolve) => one.on('said', (value) => resolve(value as { size: number[]; back: Uint8Array[] })));
    const answer = (await one.emitWithAck('echo', { deep: [bytes(), bytes(1, 2)] }, bytes(7, 8, 9))) as { reversed: Uint8Array };
    expect([...answer.reversed]).toEqual([9, 8, 7]);
    const { size, back } = await heard;
    expect(size).toEqual([0, 2]);
    expect(back.map((part) => [...part])).toEqual([[7, 8, 9], []]);
  });

  it('C1 P3 the server may ask for an answer, and gets one with bytes', async () => {
    let answered: (values: unknown[]) => void = () => undefined;
    const values = new Promise<unknown[]>((resolve) => (answered = resolve));
    const one = await meet((socket) => socket.on('ready', () => void socket.emitWithAck('question', { n: 20 }).then((...all: unknown[]) => answered(all))));
    one.on('question', (question, { reply }) => reply?.({ sum: (question as { n: number }).n + 22, part: bytes(5) }));
    one.emit('ready');
    const [answer] = (await values) as [{ sum: number; part: Buffer }];
    expect(answer.sum).toBe(42);
    expect([...answer.part]).toEqual([5]);
  });

  it('C1 C9 P3 namespaces share the link, each with its own events; one that does not exist is refused', async () => {
    const one = await meet((socket, io) => {
      if (io._nsps.has('/chat')) return;
      io.of('/chat').on('connection', (chat) => {
        chat.on('say', (text: string, answer: (text: string) => void) => answer(`chat heard ${text}`));
        chat.emit('welcome', 'to the chat');
      });
      socket.emit('welcome', 'to the main one');
    });
    const chat = one.namespace<AnyEvents>('/chat');
    const heard: unknown[] = [];
    const both = new Promise<void>((resolve) => {
      const hear = (who: string) => (text: unknown) => {
        heard.push([who, text]);
        if (heard.length === 1) resolve();
      };
      one.on('other', hear('main'));
      chat.on('welcome', hear('chat'));
    });
    expect(await chat.emitWithAck('say', 'hello')).toBe('chat heard hello');
    await both;
    expect(heard).toEqual([['chat', 'to the chat']]);
    expect(chat.state.get()).toMatchObject({ status: 'connected' });
    const nobody = one.namespace('/nobody');
    await new Promise<void>((resolve) => {
      const look = (): void => void (nobody.state.get().status === 'refused' && resolve());
      nobody.state.subscribe(look);
      look();
    });
    expect(nobody.state.get()).toMatchObject({ status: 'refused', message: 'Invalid namespace' });
    expect(server?.io.engine.clientsCount).toBe(1);
  });

  it('C6 P3 idempotent reliable emits reach a foreign server in order, over a link that dies', async () => {
    const got: number[] = [];
    let links = 0;
    const one = await meet((socket) => {
      const first = (links += 1) === 1;
      socket.on('count', (n: number, answer: () => void) => {
        // The first link dies with the third in hand; what was sent behind it is lost too.
        if (first && n >= 3) return void (n === 3 && socket.conn.close());
        got.push(n);
        answer();
      });
    }, { emits: { count: reliable({ idempotent: true, timeout: 60_000 }) } });
    await Promise.all([1, 2, 3, 4, 5].map((n) => one.emitWithAck('count', n)));
    expect(got).toEqual([1, 2, 3, 4, 5]);
    expect(links).toBe(2);
  });
});

describe('P3 the fallback', () => {
  it('C1 P3 where WebSocket does not come up, polling does', async () => {
    const server = await nodeServer({ transports: ['polling'] });
    const tried: string[] = [];
    const platform = browser();
    const socket = { open: (...args: Parameters<typeof platform.socket.open>) => (tried.push('websocket'), platform.socket.open(...args)) };
    const polling = { open: (...args: Parameters<typeof platform.socket.open>) => (tried.push('polling'), longPolling().open(...args)) };
    const tw = newClient({ url: server.url, user: 'ana', backend: 'foreign', platform: { ...platform, socket, polling } }, createEngine);
    const connected = new Promise<void>((resolve) => tw.connection.subscribe(() => tw.connection.get().status === 'connected' && resolve()));
    void tw.connect();
    await connected;
    expect(tried).toEqual(['websocket', 'polling']);
    tw.stop();
    await server.stop();
  });
});
