// What travels on a link besides plain events (C1, C2, C6): bytes, answers that the peer asks for, namespaces, classes, transports.
import { describe, expect, it, vi } from 'vitest';
import type { EngineOutput, Event, Input } from '../src/generated/protocol.js';
import { plain, reliable, volatile } from '../src/index.js';
import type { TidewireOptions } from '../src/client.js';
import type { AnyEvents } from '../src/types.js';
import { FakePlatform, quiet } from './support/platform.js';
import { rig } from './support/rig.js';

const base: Event = { body: 0, attachments: [], skip: 1, name: '', own: false, replayed: false, dispatch: true, apply: [] };
const open: EngineOutput = { kind: 'Open', link: 1, transport: 'WebSocket', url: undefined };

/** A client with an open link, whose engine makes an event of each text frame once its `attachments` have come. */
async function linked(more: Partial<Event> = {}, options: Partial<TidewireOptions<AnyEvents>> = {}) {
  const made = rig(options);
  made.tw.start();
  await made.say(open);
  let event: Event | undefined;
  let missing = 0;
  made.engine.onInput = (input: Input): EngineOutput[] => {
    if (input.kind === 'Received' && input.body.kind === 'Json') {
      event = { ...base, ...more, body: input.body.body, name: /\["(\w+)"/.exec(input.head)?.[1] ?? '' };
      missing = Number(/^45(\d)-/.exec(input.head)?.[1] ?? 0);
    } else if (input.kind === 'ReceivedBinary' && event !== undefined) {
      event = { ...event, attachments: [...event.attachments, input.body] };
      missing -= 1;
    } else {
      return [];
    }
    return missing === 0 ? [{ kind: 'Event', event }, { kind: 'Release', bodies: [event.body, ...event.attachments] }] : [];
  };
  const [socket] = made.platform.sockets;
  if (socket === undefined) throw new Error('no link');
  return { ...made, socket };
}

describe('bytes', () => {
  it('C1 come where their placeholders were', async () => {
    const { tw, socket } = await linked();
    const heard = vi.fn();
    tw.on('file', heard);
    socket.events.text('452-["file",{"parts":[{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}],"name":"x"},{"_placeholder":true,"num":7}]');
    socket.events.binary(new Uint8Array([1]));
    await quiet();
    expect(heard).not.toHaveBeenCalled();
    socket.events.binary(new Uint8Array([2, 3]));
    await quiet();
    expect(heard.mock.calls[0]?.[0]).toEqual({ parts: [new Uint8Array([2, 3]), new Uint8Array([1])], name: 'x' });
    expect(heard.mock.calls[0]?.[1]).toMatchObject({ args: [expect.anything(), undefined] });
  });

  it('C1 without attachments an object that looks like a placeholder is one like any other', async () => {
    const { tw, socket } = await linked();
    const heard = vi.fn();
    tw.on('file', heard);
    socket.events.text('42["file",{"_placeholder":true,"num":0}]');
    await quiet();
    expect(heard.mock.calls[0]?.[0]).toEqual({ _placeholder: true, num: 0 });
  });

  it('C1 go as attachments, from wherever in the arguments, and count for the size', async () => {
    const { tw, engine, socket } = await linked();
    engine.onCommand = (command) =>
      command.kind === 'Emit'
        ? { outputs: [{ kind: 'Send', link: 1, text: '453-["put",', body: command.body }, ...command.attachments.map((body): EngineOutput => ({ kind: 'SendBinary', link: 1, body }))] }
        : {};
    const view = new Uint16Array(new Uint8Array([9, 1, 0, 2, 0, 9, 9, 9]).buffer, 2, 1);
    tw.emit('put', { a: new Uint8Array([1, 2]), deep: [Buffer.from([3])] }, view);
    const json = '{"a":{"_placeholder":true,"num":0},"deep":[{"_placeholder":true,"num":1}]},{"_placeholder":true,"num":2}';
    expect(engine.last('Emit')).toMatchObject({ size: json.length + 2 + 1 + 2 });
    expect(socket.sent[0]).toBe(`453-["put",${json}]`);
    expect(socket.sent.slice(1).map((part) => [...(part as Uint8Array)])).toEqual([[1, 2], [3], [0, 2]]);
  });

  it('C1 come with answers too', async () => {
    const { tw, engine, socket } = await linked();
    const answer = tw.emitWithAck('get');
    const emit = engine.last('Emit')?.emit ?? 0;
    const bodies: number[] = [];
    engine.onInput = (input) => {
      if (input.kind === 'Received' && input.body.kind === 'Json') bodies.push(input.body.body);
      if (input.kind !== 'ReceivedBinary') return [];
      return [{ kind: 'Emitted', emit, result: { kind: 'Answered', body: bodies[0] ?? 0, attachments: [input.body] } }];
    };
    socket.events.text('461-0[{"_placeholder":true,"num":0}]');
    socket.events.binary(new Uint8Array([5]));
    expect(await answer).toEqual(new Uint8Array([5]));
  });
});

describe('answers', () => {
  const ack = { link: 1, namespace: undefined, id: 12 };

  it('C1 an event that asks for one is answered, once, with arguments and bytes', async () => {
    const { tw, engine, socket } = await linked({ ack });
    engine.onCommand = (command) =>
      command.kind === 'Reply'
        ? { outputs: [{ kind: 'Send', link: 1, text: '461-12[', body: command.body }, ...command.attachments.map((body): EngineOutput => ({ kind: 'SendBinary', link: 1, body }))] }
        : {};
    const replied: unknown[] = [];
    tw.on('ask', (question, { reply }) => {
      replied.push(reply?.(question, new Uint8Array([1])), reply?.('again'));
    });
    socket.events.text('4212["ask",{"q":1}]');
    await quiet();
    expect(replied).toEqual([true, false]);
    expect(engine.last('Reply')).toMatchObject({ ack });
    expect(socket.sent).toEqual(['461-12[{"q":1},{"_placeholder":true,"num":0}]', new Uint8Array([1])]);
  });

  it('C1 an answer may come later, and says when nobody waits for it any more', async () => {
    const { tw, engine, socket } = await linked({ ack });
    let reply: ((...answer: unknown[]) => boolean) | undefined;
    tw.on('ask', (_question, meta) => {
      ({ reply } = meta);
    });
    socket.events.text('4212["ask"]');
    await quiet();
    engine.onCommand = () => ({ result: { kind: 'Refused', refusal: 'LinkGone' } });
    expect(reply?.()).toBe(false);
    expect(engine.last('Reply')).toMatchObject({ body: undefined, attachments: [], size: 0 });
  });

  it('C1 an event that asks for none has no way to give one', async () => {
    const { tw, socket } = await linked();
    const heard = vi.fn();
    tw.on('hello', heard);
    socket.events.text('42["hello"]');
    await quiet();
    expect(heard.mock.calls[0]?.[1]).not.toHaveProperty('reply');
  });
});

describe('namespaces', () => {
  it('C1 C9 are counted, have a state, and events of their own', async () => {
    const { tw, engine, socket, say } = await linked({ namespace: '/chat' });
    const [one, two] = [tw.namespace('/chat'), tw.namespace('/chat')];
    const heard: string[] = [];
    tw.on('hello', () => heard.push('main'));
    one.on('hello', () => heard.push('one'));
    two.on('hello', () => heard.push('two'));
    await say({ kind: 'Namespace', namespace: '/chat', state: { kind: 'Connected', sid: 's' } });
    expect(one.state.get()).toEqual({ status: 'connected', sid: 's' });
    socket.events.text('42/chat,["hello"]');
    await quiet();
    expect(heard).toEqual(['one', 'two']);
    two.emit('hi', 1);
    expect(engine.last('Emit')).toMatchObject({ namespace: '/chat', name: 'hi' });
    for (const handle of [one, one, two]) handle.close();
    expect(engine.kinds().filter((kind) => kind.endsWith('Namespace'))).toEqual(['OpenNamespace', 'OpenNamespace', 'CloseNamespace', 'CloseNamespace']);
  });

  it('C1 are wanted again by a new engine; a refusal is told with the reason of the server', async () => {
    const { tw, engine, say } = rig();
    const chat = tw.namespace('/chat');
    tw.namespace('/gone').close();
    tw.stop();
    engine.batches.length = 0;
    tw.start();
    expect(engine.messages.flatMap((message) => (message.kind === 'OpenNamespace' ? [message.namespace] : []))).toEqual(['/chat']);
    await say({ kind: 'Namespace', namespace: '/chat', state: { kind: 'Refused', code: 'AUTH', message: 'no' } });
    expect(chat.state.get()).toEqual({ status: 'refused', code: 'AUTH', message: 'no' });
  });
});

describe('classes of emits', () => {
  const emits = { typing: volatile<{ chat: string }>({ key: ({ chat }) => chat }), order: reliable({ timeout: 60_000 }) };

  it('C6 come from the definition of the event, or from the call', () => {
    const { tw, engine } = rig({ emits: emits as Partial<TidewireOptions<AnyEvents>>['emits'] & object });
    tw.emit('typing', { chat: 'c7' });
    expect(engine.last('Emit')).toMatchObject({ class: { kind: 'Volatile', key: 'c7' } });
    void tw.emitWithAck('order', 1);
    expect(engine.last('Emit')).toMatchObject({ class: { kind: 'Reliable', idempotent: false }, timeout: 60_000 });
    tw.emit('order', 1, plain());
    expect(engine.last('Emit')).toMatchObject({ class: { kind: 'Plain' }, size: 1 });
    tw.emit('other');
    expect(engine.last('Emit')).toMatchObject({ class: { kind: 'Plain' }, timeout: 10_000 });
    tw.emit('other', reliable({ idempotent: true }));
    expect(engine.last('Emit')).toMatchObject({ class: { kind: 'Reliable', idempotent: true }, body: undefined });
  });

  it('C6 one that nobody waits for is reported when it did not arrive, unless it is volatile', async () => {
    const { tw, engine, notes, say } = rig({ emits: emits as Partial<TidewireOptions<AnyEvents>>['emits'] & object });
    tw.emit('order', 1);
    const order = engine.last('Emit')?.emit ?? 0;
    tw.emit('typing', { chat: 'c' });
    const typing = engine.last('Emit')?.emit ?? 0;
    await say({ kind: 'Emitted', emit: typing, result: { kind: 'Dropped' } }, { kind: 'Emitted', emit: order, result: { kind: 'Unknown' } });
    expect(notes).toEqual([{ level: 'warn', note: 'event order: UNKNOWN_EMIT' }]);
  });

  it('C6 the engine is told when a link takes no more', async () => {
    const { engine, socket } = await linked();
    socket.events.writable(false);
    await quiet();
    expect(engine.last('Writable')).toEqual({ kind: 'Writable', link: 1, on: false });
  });
});

describe('where links go', () => {
  async function opened(url: string, elsewhere: string | undefined, transport: 'WebSocket' | 'Polling' = 'WebSocket', platform = new FakePlatform()) {
    const made = rig({ url }, platform);
    made.tw.start();
    await made.say({ kind: 'Open', link: 1, transport, url: elsewhere });
    return { ...made, url: platform.sockets[0]?.url };
  }

  it.each([
    ['https://a.test', undefined, 'https://a.test/socket.io/'],
    ['https://a.test', 'https://b.test:8443', 'https://b.test:8443/socket.io/'],
    ['http://a.test', 'http://b.test', 'http://b.test/socket.io/'],
    ['https://a.test', 'http://b.test', 'https://a.test/socket.io/'],
    ['', 'https://b.test', 'https://b.test/socket.io/'],
  ])('C2 configured %s, sent to %s: %s', async (url, elsewhere, expected) => {
    expect((await opened(url, elsewhere)).url).toBe(expected);
  });

  it('C1 polling where the platform has it, and where it has not the link never comes up', async () => {
    const platform = new FakePlatform();
    const polled: string[] = [];
    const polling = { open: (url: string) => (polled.push(url), { send: () => undefined, close: () => undefined }) };
    const able = await opened('http://a.test', undefined, 'Polling', Object.assign(platform, { polling }));
    expect(polled).toEqual(['http://a.test/socket.io/']);
    expect(able.engine.config?.polling).toBe(true);
    const unable = await opened('http://a.test', undefined, 'Polling');
    expect(unable.engine.last('Closed')).toEqual({ kind: 'Closed', link: 1, cause: 'Unreachable' });
    expect(unable.engine.config?.polling).toBe(false);
  });

  it('C7 C4 C12 what is configured for a foreign server reaches the engine', async () => {
    const { engine, socket } = await linked({}, { backend: 'foreign', probeEvent: 'ping', rooms: { join: 'subscribe', key: 'room', answers: false } });
    expect(engine.config).toMatchObject({ probeEvent: 'ping', join: { event: 'subscribe', leave: undefined, key: 'room', answers: false } });
    socket.events.text('42["x",{},"an-offset"]');
    socket.events.text(`42["x","${'y'.repeat(33)}"]`);
    await quiet();
    const bodies = engine.messages.flatMap((message) => (message.kind === 'Received' ? [message.body] : []));
    expect(bodies).toMatchObject([{ kind: 'Json', last: 'an-offset' }, { kind: 'Json', last: undefined }]);
  });
});
