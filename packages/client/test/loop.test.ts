import { describe, expect, it, vi } from 'vitest';
import type { EngineOutput, Input } from '../src/generated/protocol.js';
import { Loop } from '../src/host/loop.js';
import { ScriptedEngine } from './support/engine.js';
import { FakePlatform, quiet } from './support/platform.js';

let onSettle: () => void = () => undefined;

function setUp(perform: (output: EngineOutput, loop: Loop) => void = () => undefined) {
  const engine = new ScriptedEngine();
  const platform = new FakePlatform();
  const performed: EngineOutput[] = [];
  const settled: number[] = [];
  const failures: { error: unknown; fatal: boolean }[] = [];
  const loop: Loop = new Loop(engine.create({ partition: 'p', server: 'Tidewire', namespace: '/', origins: [], polling: false }, new Uint8Array(32), platform.clock.now()), platform.clock, {
    perform: (output) => {
      performed.push(output);
      perform(output, loop);
    },
    settle: () => {
      settled.push(performed.length);
      onSettle();
    },
    failed: (error, fatal) => failures.push({ error, fatal }),
  });
  return { engine, platform, loop, performed, settled, failures };
}

const online: Input = { kind: 'Network', signal: 'Online' };
const note = (note: 'LateFrame' | 'StrayAck' | 'GapSeen'): EngineOutput => ({ kind: 'Log', note });

describe('the run loop', () => {
  it('hands the facts of one turn over in one step', async () => {
    const { engine, loop, settled } = setUp();
    loop.push(online);
    loop.push({ kind: 'LeaderLost' }, online);
    expect(engine.batches).toHaveLength(0);
    await quiet();
    expect(engine.batches).toEqual([[online, { kind: 'LeaderLost' }, online]]);
    expect(settled).toHaveLength(1);
  });

  it('takes an intent in at once, after the facts before it, and replies before it performs', () => {
    const order: string[] = [];
    const { engine, loop } = setUp((output) => order.push(output.kind));
    engine.onCommand = () => ({ result: { kind: 'Accepted', write: 'w1' }, outputs: [note('LateFrame')] });
    loop.push(online);
    const result = loop.command({ kind: 'Process', pass: 1 }, () => order.push('reply'));
    expect(result).toEqual({ kind: 'Accepted', write: 'w1' });
    expect(engine.batches).toEqual([[online, { kind: 'Process', pass: 1 }]]);
    expect(order).toEqual(['reply', 'Log']);
  });

  it('Y5 works a burst off in slices of 8 ms, in order, and settles after each', async () => {
    const order: string[] = [];
    const made = setUp((output) => {
      if (output.kind === 'Client') order.push(output.client);
      made.platform.mono += 1;
    });
    made.engine.onInput = (input) => (input.kind === 'QueryGone' ? [{ kind: 'Client', client: String(input.query) }] : []);
    made.loop.push(...Array.from({ length: 100 }, (_, query): Input => ({ kind: 'QueryGone', query })));
    await quiet();
    expect(order).toHaveLength(7);
    expect(made.settled).toEqual([7]);
    made.loop.push({ kind: 'QueryGone', query: 100 });
    // An intent does not wait for slices: all that came before it goes first, at once.
    made.loop.command({ kind: 'Process', pass: 1 });
    expect(order).toEqual(Array.from({ length: 101 }, (_, query) => String(query)));
    const before = made.settled.length;
    made.platform.pass(1);
    expect(made.settled).toHaveLength(before);
  });

  it('Y5 a burst goes on by itself, and ends with the loop', async () => {
    const made = setUp(() => {
      made.platform.mono += 1;
    });
    made.engine.onInput = () => [note('LateFrame')];
    made.loop.push(...Array.from({ length: 40 }, () => online));
    await quiet();
    made.platform.pass(0);
    expect(made.performed).toHaveLength(14);
    made.loop.stop();
    made.platform.pass(0);
    expect(made.performed).toHaveLength(14);
  });

  it('Y5 where facts take long, as on Hermes, few go in together, so that no slice is longer than 8 ms, the first neither; and more where they do not', async () => {
    let cost = 1;
    const made = setUp(() => {
      made.platform.mono += cost;
    });
    made.engine.onInput = () => [note('LateFrame')];
    made.loop.push(...Array.from({ length: 400 }, () => online));
    await quiet();
    const slices = [made.performed.length];
    const next = async (): Promise<void> => {
      const before = made.performed.length;
      await made.platform.next();
      slices.push(made.performed.length - before);
    };
    for (let turn = 0; turn < 4; turn += 1) await next();
    expect(slices).toEqual([7, 7, 7, 7, 7]);
    cost = 0;
    await next();
    expect(made.performed).toHaveLength(400);
  });

  it('Y5 what was quick before and is slow now is found out within a few facts, and what the end of a slice takes is a part of it', async () => {
    let cost = 0;
    const made = setUp(() => {
      made.platform.mono += cost;
    });
    made.engine.onInput = () => [note('LateFrame')];
    made.loop.push(...Array.from({ length: 200 }, () => online));
    await quiet();
    expect(made.engine.batches.some(({ length }) => length === 16)).toBe(true);
    cost = 1;
    onSettle = () => {
      made.platform.mono += 3;
    };
    made.loop.push(...Array.from({ length: 100 }, () => online));
    const slices: number[] = [];
    const slice = async (work: () => Promise<unknown>): Promise<void> => {
      const before = made.performed.length;
      await work();
      slices.push(made.performed.length - before);
    };
    await slice(quiet);
    for (let turn = 0; turn < 3; turn += 1) await slice(() => made.platform.next());
    onSettle = () => undefined;
    // A millisecond each, and three for the end, which nobody knew the first time.
    expect(slices).toEqual([7, 4, 4, 4]);
  });

  it('performs what an intent within a drain caused after what was there before', () => {
    let nested = false;
    const { engine, loop, performed, settled } = setUp((_output, loop) => {
      if (nested) return;
      nested = true;
      engine.onCommand = () => ({ outputs: [note('GapSeen')] });
      loop.command({ kind: 'Process', pass: 1 });
    });
    engine.onCommand = () => ({ outputs: [note('LateFrame'), note('StrayAck')] });
    loop.command({ kind: 'Connect' });
    expect(performed).toEqual([note('LateFrame'), note('StrayAck'), note('GapSeen')]);
    expect(settled).toEqual([3]);
  });

  it('works off what settling pushes in the same drain, and settles again', () => {
    const { engine, loop, performed, settled } = setUp();
    engine.onInput = (input) => (input.kind === 'LeaderLost' ? [note('GapSeen')] : []);
    engine.onCommand = () => ({ outputs: [note('LateFrame')] });
    onSettle = () => {
      onSettle = () => undefined;
      loop.push({ kind: 'LeaderLost' });
    };
    loop.command({ kind: 'Process', pass: 1 });
    expect(performed).toEqual([note('LateFrame'), note('GapSeen')]);
    expect(settled).toEqual([1, 2]);
  });

  it('goes on after an output whose performing threw', () => {
    const { engine, loop, performed, failures } = setUp((output) => {
      if (output.kind === 'Log' && output.note === 'LateFrame') throw new Error('host bug');
    });
    engine.onCommand = () => ({ outputs: [note('LateFrame'), note('GapSeen')] });
    loop.command({ kind: 'Process', pass: 1 });
    expect(performed).toHaveLength(2);
    expect(failures).toMatchObject([{ fatal: false }]);
  });

  it('a value that the border cannot carry costs that message only', () => {
    const { engine, failures } = setUp();
    const carried: string[] = [];
    const bad = { kind: 'Timeout' } as const;
    const inner = engine.create({ partition: 'p', server: 'Tidewire', namespace: '/', origins: [], polling: false }, new Uint8Array(32), { mono: 0, wall: 0 });
    const picky = new Loop(
      {
        step(messages, now) {
          if (messages.some((message) => message === bad)) throw new RangeError('beyond');
          carried.push(...messages.map(({ kind }) => kind));
          return inner.step(messages, now);
        },
      },
      new FakePlatform().clock,
      { perform: () => undefined, settle: () => undefined, failed: (error, fatal) => failures.push({ error, fatal }) },
    );
    picky.push(online, bad);
    expect(picky.command({ kind: 'Process', pass: 1 })).toEqual({ kind: 'Accepted' });
    expect(carried).toEqual(['Network', 'Process']);
    expect(failures).toMatchObject([{ fatal: false }]);
  });

  it('ends when the engine broke', () => {
    const { failures } = setUp();
    const broken = new Loop({ step: () => { throw new Error('crashed'); } }, new FakePlatform().clock, {
      perform: () => undefined,
      settle: () => undefined,
      failed: (error, fatal) => failures.push({ error, fatal }),
    });
    expect(broken.command({ kind: 'Process', pass: 1 })).toBeUndefined();
    expect(failures).toMatchObject([{ fatal: true }]);
    expect(broken.command({ kind: 'Process', pass: 1 })).toBeUndefined();
    expect(failures).toHaveLength(1);
  });
});

describe('the timer', () => {
  it('sends Timeout at the deadline, and has one timer at most', async () => {
    const { engine, platform, loop } = setUp();
    engine.timeout = platform.mono + 500;
    loop.push(online);
    await quiet();
    engine.timeout = platform.mono + 800;
    loop.push(online);
    await quiet();
    expect(platform.timers).toBe(1);
    engine.timeout = undefined;
    platform.pass(799);
    expect(engine.kinds()).not.toContain('Timeout');
    platform.pass(1);
    expect(engine.kinds()).toContain('Timeout');
    expect(platform.timers).toBe(0);
  });

  it('is not set for each fact of a burst that moves the deadline on, and still rings at the last one', async () => {
    const { engine, platform, loop } = setUp();
    const set = vi.spyOn(platform.clock, 'after');
    for (let fact = 0; fact < 100; fact += 1) {
      platform.mono += 1;
      engine.timeout = platform.mono + 500;
      loop.push(online);
      await quiet();
    }
    expect(set).toHaveBeenCalledTimes(1);
    platform.pass(499);
    expect(engine.kinds()).not.toContain('Timeout');
    platform.pass(1);
    expect(engine.kinds()).toContain('Timeout');
  });

  it('is set anew where a deadline comes earlier, and where a sleep may lie between (C4): timers do not count that', async () => {
    const { engine, platform, loop } = setUp();
    const set = vi.spyOn(platform.clock, 'after');
    const fact = async (deadline: number): Promise<void> => {
      engine.timeout = deadline;
      loop.push(online);
      await quiet();
    };
    await fact(platform.mono + 500);
    await fact(platform.mono + 400);
    expect(set.mock.calls.map(([delay]) => delay)).toEqual([500, 400]);
    platform.mono += 250;
    await fact(platform.mono + 500);
    expect(set.mock.calls.map(([delay]) => delay)).toEqual([500, 400, 500]);
    expect(platform.timers).toBe(1);
  });

  it('C4 tells a deadline that passed in sleep with the first fact after it, before that fact', async () => {
    const { engine, platform, loop } = setUp();
    engine.timeout = platform.mono + 500;
    loop.push(online);
    await quiet();
    platform.mono += 60_000; // No timer ran: the machine slept.
    loop.push(online);
    await quiet();
    expect(engine.batches.at(-1)).toEqual([{ kind: 'Timeout' }, online]);
  });

  it('stops with the loop', async () => {
    const { engine, platform, loop } = setUp();
    engine.timeout = platform.mono + 500;
    loop.push(online);
    await quiet();
    loop.stop();
    expect(platform.timers).toBe(0);
    loop.push(online);
    await quiet();
    expect(engine.batches).toHaveLength(1);
  });
});
