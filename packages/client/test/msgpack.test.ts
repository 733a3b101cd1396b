// MessagePack packets (C1): the translation both ways, and against the official parser.
import { encode } from '@msgpack/msgpack';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Decoder, Encoder } from 'socket.io-msgpack-parser';
import * as parser from 'socket.io-msgpack-parser';
import { newClient } from '../src/client.js';
import { createEngine } from '../src/engine/wasm.js';
import { msgpack } from '../src/msgpack.js';
import { browser } from '../src/ports/browser.js';
import { longPolling } from '../src/ports/polling.js';
import type { SocketEvents } from '../src/ports/port.js';
import type { Tidewire } from '../src/types.js';
import { nodeServer, type NodeServer } from './support/node-server.js';

function wrapped() {
  const sent: (string | Uint8Array)[] = [];
  const frames: (string | Uint8Array)[] = [];
  let inner: SocketEvents | undefined;
  const port = msgpack({
    open: (_url, events) => {
      inner = events;
      return { send: (frame) => void sent.push(frame), close: () => undefined };
    },
  });
  const link = port.open('http://s/', {
    opened: vi.fn(),
    text: (frame) => void frames.push(frame),
    writable: vi.fn(),
    binary: (bytes) => void frames.push(bytes),
    closed: vi.fn(),
  });
  return { link, sent, frames, receive: (bytes: Uint8Array) => inner?.binary(bytes), text: (frame: string) => inner?.text(frame) };
}

/** What the official decoder makes of it. */
function official(frame: string | Uint8Array | undefined): unknown {
  const decoder = new Decoder();
  let packet: unknown;
  decoder.on('decoded', (one: unknown) => (packet = one));
  decoder.add(Buffer.from(frame as Uint8Array));
  return packet;
}

const officially = (packet: object): Uint8Array => new Uint8Array((new Encoder().encode(packet) as unknown as [Uint8Array])[0]);

describe('packets out', () => {
  it.each([
    ['40{"token":"t"}', { type: 0, nsp: '/', data: { token: 't' } }],
    ['40/chat,{}', { type: 0, nsp: '/chat', data: {} }],
    ['41/chat,', { type: 1, nsp: '/chat' }],
    ['42["ü🌊",{"a":[1,null,1.5]}]', { type: 2, nsp: '/', data: ['ü🌊', { a: [1, null, 1.5] }] }],
    ['42/chat,17["ask"]', { type: 2, nsp: '/chat', id: 17, data: ['ask'] }],
    ['4317[]', { type: 3, nsp: '/', id: 17, data: [] }],
  ])('C1 %s', (frame, packet) => {
    const { link, sent } = wrapped();
    link.send(frame);
    expect(official(sent[0])).toEqual(packet);
  });

  it('C1 attachments stand where their placeholders were', () => {
    const { link, sent } = wrapped();
    link.send('452-/chat,7["x",{"deep":[{"_placeholder":true,"num":1}]},{"_placeholder":true,"num":0}]');
    link.send(new Uint8Array([1]));
    expect(sent).toEqual([]);
    link.send(new Uint8Array([2, 3]));
    expect(official(sent[0])).toEqual({ type: 2, nsp: '/chat', id: 7, data: ['x', { deep: [Buffer.from([2, 3])] }, Buffer.from([1])] });
    expect(sent).toHaveLength(1);
  });

  it('C1 packets of Engine.IO stay as they are', () => {
    const { link, sent, text, frames } = wrapped();
    link.send('3');
    text('2');
    expect([sent, frames]).toEqual([['3'], ['2']]);
  });
});

describe('packets in', () => {
  it.each([
    [{ type: 0, nsp: '/', data: { sid: 's' } }, '40{"sid":"s"}'],
    [{ type: 1, nsp: '/chat' }, '41/chat,'],
    [{ type: 4, nsp: '/', data: { message: 'no', data: { code: 'AUTH' } } }, '44{"message":"no","data":{"code":"AUTH"}}'],
    [{ type: 2, nsp: '/', data: ['said', { n: 2 ** 40, u: undefined, d: new Date(1_700_000_000_000) }] }, '42["said",{"n":1099511627776,"d":"2023-11-14T22:13:20.000Z"}]'],
    [{ type: 3, nsp: '/chat', id: 0, data: ['ü🌊'] }, '43/chat,0["ü🌊"]'],
  ])('C1 %o', (packet, frame) => {
    const { frames, receive } = wrapped();
    receive(officially(packet));
    expect(frames).toEqual([frame]);
  });

  it('C1 bytes become attachments, buffers and views alike', () => {
    const { frames, receive } = wrapped();
    receive(officially({ type: 2, nsp: '/', id: 3, data: ['x', Buffer.from([9]), { view: new Uint8Array([1, 2]) }] }));
    expect(frames[0]).toBe('452-3["x",{"_placeholder":true,"num":0},{"view":{"_placeholder":true,"num":1}}]');
    expect(frames.slice(1).map((frame) => [...(frame as Uint8Array)])).toEqual([[9], [1, 2]]);
  });

  it.each([
    ['no MessagePack', new Uint8Array([0xc1])],
    ['cut short', officially({ type: 2, nsp: '/', data: ['x'] }).subarray(0, 8)],
    ['no packet', encode(7)],
    ['an unknown type', encode({ type: 5, nsp: '/', data: ['x'] })],
    ['an event without arguments', encode({ type: 2, nsp: '/', data: 'x' })],
    ['a namespace that is none', encode({ type: 2, nsp: '/a,["b"]', data: ['x'] })],
    ['a bad id', encode({ type: 3, nsp: '/', id: -1, data: [] })],
  ])('C11 %s is passed on as a frame that must be refused', (_what, bytes) => {
    const { frames, receive } = wrapped();
    receive(bytes);
    expect(frames).toEqual(['42[']);
  });
});

describe('P3 against the official Node server with its parser', () => {
  let server: NodeServer | undefined;
  let tw: Tidewire | undefined;
  afterEach(async () => {
    tw?.stop();
    await server?.stop();
  });

  it('C1 P3 connects, is acknowledged and hears', async () => {
    server = await nodeServer({ parser }, (socket) => {
      socket.on('echo', (value: unknown, answer: (value: unknown) => void) => {
        socket.emit('said', value);
        answer(value);
      });
    });
    const platform = { ...browser(), socket: longPolling() };
    tw = newClient({ url: server.url, user: 'ana', token: () => 'good', backend: 'foreign', platform, parser: msgpack }, createEngine);
    const heard = new Promise((resolve) => tw?.on('said', resolve));
    await tw.connect();
    const value = { text: 'ü🌊', numbers: [0, -1, 1.5, 2 ** 40], none: null };
    expect(await tw.emitWithAck('echo', value)).toEqual(value);
    expect(await heard).toEqual(value);
  });
});
