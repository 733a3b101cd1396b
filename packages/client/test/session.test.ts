import { describe, expect, it, vi } from 'vitest';
import { newClient } from '../src/client.js';
import type { EngineOutput, Event } from '../src/generated/protocol.js';
import type { Store, StorePort, StoreStep } from '../src/ports/port.js';
import { StoreFault } from '../src/ports/port.js';
import { memoryStore } from '../src/ports/memory-store.js';
import type { CacheLink, CachePort, StoreWrite } from '../src/types.js';
import { FakePlatform, quiet, sharedStore } from './support/platform.js';
import { rig } from './support/rig.js';

const value = Uint8Array.of(1);

/** A store that notes what is written, and fails when told to. */
function watched(inner: StorePort = sharedStore()) {
  const writes: { steps: readonly StoreStep[]; fence: number | undefined }[] = [];
  const failing: { with?: StoreFault } = {};
  const port: StorePort = {
    async open(partition) {
      const store = await inner.open(partition);
      return {
        ...store,
        write: (steps, fence) => {
          writes.push({ steps, fence });
          return failing.with === undefined ? store.write(steps, fence) : Promise.reject(failing.with);
        },
      };
    },
  };
  return { port, writes, failing };
}

class FakeCache implements CachePort {
  readonly log: string[] = [];
  readonly unsaved: StoreWrite[] = [];
  onRestore: (keys: readonly string[]) => void = () => undefined;
  onCommit: () => void = () => undefined;
  event: CachePort['event'] = ({ name, apply }) => this.log.push(`event ${name} for ${apply.join()}`);
  layerAdded: CachePort['layerAdded'] = ({ write, restored }) => this.log.push(`layer ${write}${restored ? ' restored' : ''}`);
  layerChanged: CachePort['layerChanged'] = ({ write, variables }) => this.log.push(`changed ${write} ${JSON.stringify(variables)}`);
  layerRetired: CachePort['layerRetired'] = (write, query) => this.log.push(`retired ${write} ${query ?? 'all'}`);
  settled: CachePort['settled'] = (write) => this.log.push(`settled ${write}`);
  notApplied: CachePort['notApplied'] = (write) => this.log.push(`not applied ${write}`);
  baseRefused: CachePort['baseRefused'] = (query) => this.log.push(`refused ${query}`);
  refetch: CachePort['refetch'] = (queries, reason) => this.log.push(`refetch ${queries.join()} ${reason}`);
  commit: CachePort['commit'] = () => {
    this.log.push('commit');
    this.onCommit();
  };
  restore: CachePort['restore'] = (records) => this.onRestore(records.map(({ key }) => key));
  dirty: CachePort['dirty'] = () => this.unsaved.splice(0);
}

describe('start and stop', () => {
  it('asks for the store before the engine is made, and holds none where there can be no engine', async () => {
    const order: string[] = [];
    const inner = sharedStore();
    const store: StorePort = {
      async open(partition) {
        order.push('store');
        const opened = await inner.open(partition);
        return { ...opened, close: () => void order.push('closed') };
      },
    };
    const create = (): never => {
      order.push('engine');
      throw new EvalError('no WebAssembly here');
    };
    const tw = newClient({ url: '', user: 'ana', platform: new FakePlatform(store) }, create);
    expect(() => tw.start()).toThrow('no WebAssembly here');
    await quiet();
    expect(order).toEqual(['store', 'engine', 'closed']);
  });

  it('nothing happens before start, and both are idempotent', () => {
    const { tw, engine, platform } = rig();
    expect(engine.config).toBeUndefined();
    tw.start();
    tw.start();
    expect(engine.config).toEqual({ partition: 'app|default|ana', server: 'Tidewire', namespace: '/', origins: [{ origin: 'http://server', kind: { kind: 'Tidewire' } }], polling: false });
    tw.stop();
    tw.stop();
    expect(platform.timers).toBe(0);
  });

  it('Q20 parts of the partition cannot run into each other', () => {
    const one = rig({ app: 'a|b', user: 'c' });
    const two = rig({ app: 'a', user: 'b|c' });
    one.tw.start();
    two.tw.start();
    expect(one.engine.config?.partition).not.toBe(two.engine.config?.partition);
  });

  it('stop closes links, ends requests and lets another tab lead', async () => {
    const signals: AbortSignal[] = [];
    const { tw, platform, say } = rig({
      request: ({ signal }) => {
        signals.push(signal);
        return new Promise(() => undefined);
      },
    }, new FakePlatform(sharedStore()));
    tw.start();
    await say({ kind: 'Open', link: 1, transport: 'WebSocket' }, { kind: 'Fetch', fetch: 1, request: { write: 'w', method: 'POST', path: '/x', headers: [], attempt: 1, kind: 'Write', tempIds: [] } });
    expect(platform.contending).toBe(true);
    tw.stop();
    expect(platform.sockets[0]?.closed).toBe(true);
    expect(signals[0]?.aborted).toBe(true);
    expect(platform.contending).toBe(false);
    expect(tw.connection.get()).toEqual({ status: 'idle' });
  });

  it('an engine that broke stops the client, and says so', async () => {
    const { tw, engine, notes, platform } = rig();
    tw.start();
    await quiet();
    engine.onInput = () => {
      throw new Error('crashed');
    };
    platform.tellNetwork('Online');
    await quiet();
    expect(notes).toMatchObject([{ level: 'error', note: 'the engine stopped' }]);
    engine.onInput = () => [];
    tw.start();
    expect(tw.connection.get()).toEqual({ status: 'idle' });
  });
});

describe('the store', () => {
  it('Q5 load gives the records in key order, without the bases; ready waits for it', async () => {
    const store = memoryStore();
    const held = await store.open('app|default|ana');
    await held.write([{ key: 'w/2', value }, { key: 'm/1', value }, { key: 'q/h', value: '{}' }]);
    const { tw, engine, say } = rig({}, new FakePlatform(store));
    const ready = vi.fn();
    void tw.ready.then(ready);
    tw.start();
    await quiet();
    expect(ready).not.toHaveBeenCalled();
    await say({ kind: 'Load', load: 3 });
    expect(engine.last('Loaded')).toEqual({ kind: 'Loaded', load: 3, records: [{ key: 'm/1', value }, { key: 'w/2', value }] });
    expect(ready).toHaveBeenCalled();
  });

  it('a store that cannot be read is LoadFailed', async () => {
    const { tw, engine, say } = rig({}, new FakePlatform({ open: () => Promise.reject(new StoreFault('Failed', 'newer')) }));
    tw.start();
    await say({ kind: 'Load', load: 3 });
    expect(engine.last('LoadFailed')).toEqual({ kind: 'LoadFailed', load: 3 });
  });

  it('Q1 Persisted comes after the write, with the fence that the engine gave', async () => {
    const { port, writes } = watched();
    const platform = new FakePlatform(port);
    const { tw, engine, say } = rig({}, platform);
    tw.start();
    await quiet();
    platform.tabsEvents?.granted();
    await quiet();
    await say({ kind: 'Persist', persist: 5, key: 'w/1', value, fence: 1 });
    expect(writes).toEqual([{ steps: [{ key: 'w/1', value }], fence: 1 }]);
    expect(engine.last('Persisted')).toEqual({ kind: 'Persisted', persist: 5 });
  });

  it.each(['Full', 'Failed', 'Fenced'] as const)('Q4 %s goes back to the engine', async (kind) => {
    const { port, failing } = watched();
    failing.with = new StoreFault(kind, 'no');
    const { tw, engine, say } = rig({}, new FakePlatform(port));
    tw.start();
    await say({ kind: 'Persist', persist: 5, key: 'w/1', value });
    expect(engine.last('PersistFailed')).toEqual({ kind: 'PersistFailed', persist: 5, error: kind });
  });

  it('Y2 a removal takes the dirty bases along in one write; another step does not', async () => {
    const { port, writes } = watched();
    const { tw, say } = rig({}, new FakePlatform(port));
    const cache = new FakeCache();
    tw.attachCache(cache);
    tw.start();
    await quiet();
    cache.unsaved.push({ key: 'q/h', value: 'base' });
    await say({ kind: 'Persist', persist: 1, key: 'w/1', value });
    await say({ kind: 'Persist', persist: 2, key: 'w/1', fence: 1 });
    expect(writes.map(({ steps }) => steps.map(({ key, value }) => (value === null ? `-${key}` : key)))).toEqual([['w/1'], ['q/h', '-w/1']]);
  });

  it('Y2 bases whose write failed go with the next one, unless there are newer ones', async () => {
    const { port, writes, failing } = watched();
    const { tw, say } = rig({}, new FakePlatform(port));
    const cache = new FakeCache();
    tw.attachCache(cache);
    tw.start();
    await quiet();
    cache.unsaved.push({ key: 'q/1', value: 'old' }, { key: 'q/2', value: 'kept' });
    failing.with = new StoreFault('Full', 'no');
    await say({ kind: 'Persist', persist: 1, key: 'w/1' });
    delete failing.with;
    cache.unsaved.push({ key: 'q/1', value: 'new' });
    await say({ kind: 'Persist', persist: 2, key: 'w/1' });
    expect(writes.at(-1)?.steps).toEqual([
      { key: 'q/1', value: 'new' },
      { key: 'q/2', value: 'kept' },
      { key: 'w/1', value: null },
    ]);
  });

  it('Y2 a base write that fails late does not bring back the older base', async () => {
    const { port, writes } = watched();
    const rejects: ((fault: StoreFault) => void)[] = [];
    const slow: StorePort = {
      async open(partition) {
        const store = await port.open(partition);
        let first = true;
        return {
          ...store,
          write: (steps, fence) => {
            if (!first) return store.write(steps, fence);
            first = false;
            return new Promise((_, reject) => rejects.push(reject));
          },
        };
      },
    };
    const { tw, say } = rig({}, new FakePlatform(slow));
    const cache = new FakeCache();
    tw.attachCache(cache);
    tw.start();
    await quiet();
    cache.unsaved.push({ key: 'q/1', value: 'old' });
    await say({ kind: 'Persist', persist: 1, key: 'w/1' });
    cache.unsaved.push({ key: 'q/1', value: 'new' });
    await say({ kind: 'Persist', persist: 2, key: 'w/2' });
    rejects[0]?.(new StoreFault('Failed', 'late'));
    await quiet();
    await say({ kind: 'Persist', persist: 3, key: 'w/3' });
    expect(writes.at(-1)?.steps).toEqual([{ key: 'w/3', value: null }]);
  });

  it('bases are stored soon after a change, once, and at once when the page may go', async () => {
    const { port, writes } = watched();
    const platform = new FakePlatform(port);
    const { tw } = rig({}, platform);
    const cache = new FakeCache();
    const link = tw.attachCache(cache);
    tw.start();
    await quiet();
    cache.unsaved.push({ key: 'q/1', value: 'a' });
    link.scheduleFlush();
    link.scheduleFlush();
    await quiet();
    expect(writes).toHaveLength(0);
    platform.pass(1_000);
    await quiet();
    expect(writes).toHaveLength(1);
    for (const leave of ['background', 'leaving'] as const) {
      cache.unsaved.push({ key: 'q/1', value: leave });
      platform.visibilityEvents?.[leave]();
      await quiet();
      expect(writes.at(-1)?.steps).toEqual([{ key: 'q/1', value: leave }]);
    }
    platform.pass(1_000);
    await quiet();
    expect(writes).toHaveLength(3);
  });

  it('stop stores what is dirty', async () => {
    const { port, writes } = watched();
    const { tw } = rig({}, new FakePlatform(port));
    const cache = new FakeCache();
    tw.attachCache(cache);
    tw.start();
    await quiet();
    cache.unsaved.push({ key: 'q/1', value: 'a' });
    tw.stop();
    await quiet();
    expect(writes).toHaveLength(1);
  });
});

describe('Q19 tabs', () => {
  it('hand each other records', async () => {
    const platform = new FakePlatform(sharedStore());
    const { tw, engine, say } = rig({}, platform);
    tw.start();
    await quiet();
    await say({ kind: 'Broadcast', key: 'w/1', value }, { kind: 'Broadcast', key: 'w/2' });
    expect(platform.posted).toEqual([{ key: 'w/1', value }, { key: 'w/2', value: null }]);
    platform.tabsEvents?.message({ key: 'w/3', value });
    platform.tabsEvents?.message({ key: 'w/4', value: null });
    await quiet();
    expect(engine.messages.filter(({ kind }) => kind === 'StoreChanged')).toEqual([
      { kind: 'StoreChanged', key: 'w/3', value },
      { kind: 'StoreChanged', key: 'w/4', value: undefined },
    ]);
  });

  it('lead only after the epoch is stored, lose it with the lock, and want it again', async () => {
    const platform = new FakePlatform(sharedStore());
    const { tw, engine } = rig({}, platform);
    tw.start();
    await quiet();
    expect(engine.kinds()).not.toContain('Leader');
    platform.tabsEvents?.granted();
    await quiet();
    expect(engine.last('Leader')).toEqual({ kind: 'Leader', epoch: 1 });
    platform.contending = false;
    platform.tabsEvents?.lost();
    await quiet();
    expect(engine.last('LeaderLost')).toEqual({ kind: 'LeaderLost' });
    expect(platform.contending).toBe(true);
  });

  it('Q4 Q19 a leadership that the store does not know, under a lock that is held, is taken anew; a late step of an earlier one changes nothing', async () => {
    const store = sharedStore();
    let partition = '';
    const port: StorePort = { open: (name) => store.open((partition = name)) };
    const platform = new FakePlatform(port);
    const { tw, engine, say } = rig({}, platform);
    tw.start();
    await quiet();
    platform.tabsEvents?.granted();
    await quiet();
    // An older lead that reaches the disk late.
    await (await store.open(partition)).lead();
    await say({ kind: 'Persist', persist: 1, key: 'w/1', value, fence: 1 });
    expect(engine.messages.flatMap((it) => (it.kind === 'Leader' ? [it.epoch] : []))).toEqual([1, 3]);
    expect(engine.last('PersistFailed')).toEqual({ kind: 'PersistFailed', persist: 1, error: 'Fenced' });
    await say({ kind: 'Persist', persist: 2, key: 'w/1', value, fence: 1 });
    expect(engine.messages.filter(({ kind }) => kind === 'Leader')).toHaveLength(2);
    await say({ kind: 'Persist', persist: 3, key: 'w/1', value, fence: 3 });
    expect(engine.last('Persisted')).toEqual({ kind: 'Persisted', persist: 3 });
  });

  it('a lock that was lost while its epoch was written does not lead', async () => {
    const platform = new FakePlatform(sharedStore());
    const { tw, engine } = rig({}, platform);
    tw.start();
    await quiet();
    platform.tabsEvents?.granted();
    platform.tabsEvents?.lost();
    await quiet();
    expect(engine.kinds()).not.toContain('Leader');
    expect(engine.kinds()).not.toContain('LeaderLost');
  });

  it('a page that may be gone gives the lead up, and wants it again when it is back', async () => {
    const platform = new FakePlatform(sharedStore());
    const { tw, engine } = rig({}, platform);
    tw.start();
    await quiet();
    platform.tabsEvents?.granted();
    await quiet();
    platform.visibilityEvents?.leaving();
    await quiet();
    expect(platform.contending).toBe(false);
    expect(engine.kinds()).toContain('LeaderLost');
    platform.visibilityEvents?.returned();
    expect(platform.contending).toBe(true);
  });

  it('a tab that cannot store its epoch makes way and tries again later', async () => {
    const inner = sharedStore();
    let broken = true;
    const store: StorePort = {
      async open(partition): Promise<Store> {
        const opened = await inner.open(partition);
        return { ...opened, lead: () => (broken ? Promise.reject(new StoreFault('Full', 'no')) : opened.lead()) };
      },
    };
    const platform = new FakePlatform(store);
    const { tw, engine } = rig({}, platform);
    tw.start();
    await quiet();
    platform.tabsEvents?.granted();
    await quiet();
    expect(platform.contending).toBe(false);
    broken = false;
    platform.pass(5_000);
    expect(platform.contending).toBe(true);
    platform.tabsEvents?.granted();
    await quiet();
    expect(engine.last('Leader')).toBeDefined();
  });

  it('a store of one tab needs no lock', async () => {
    const platform = new FakePlatform();
    const { tw, engine } = rig({}, platform);
    tw.start();
    await quiet();
    expect(engine.last('Leader')).toEqual({ kind: 'Leader', epoch: 1 });
    expect(platform.contending).toBe(false);
  });
});

describe('the cache', () => {
  const event: Event = { body: 0, attachments: [], skip: 1, name: 'x', own: false, replayed: false, dispatch: false, apply: [4, 5] };
  const added: EngineOutput = { kind: 'LayerAdded', write: 'w1', name: '', version: 0, variables: '1', restored: true };

  it('Y5 is told in order, and commits once at the end of the drain', async () => {
    const { tw, say } = rig();
    const cache = new FakeCache();
    tw.attachCache(cache);
    tw.start();
    await quiet();
    cache.log.length = 0;
    await say(
      added,
      { kind: 'Event', event },
      { kind: 'LayerRetired', write: 'w1', query: 4 },
      { kind: 'LayerRetired', write: 'w1' },
      { kind: 'Write', write: 'w1', state: { kind: 'Settled' } },
      { kind: 'Refetch', queries: [4], reason: 'Gap' },
    );
    expect(cache.log).toEqual(['layer w1 restored', 'event x for 4,5', 'retired w1 4', 'retired w1 all', 'settled w1', 'refetch 4 Gap', 'commit']);
  });

  it('Q14 Q17 what was refused is carried by no base, also where the engine tells again what its layer was carried by', async () => {
    const { tw, say } = rig();
    const cache = new FakeCache();
    tw.attachCache(cache);
    tw.start();
    await quiet();
    cache.log.length = 0;
    const retired: EngineOutput = { kind: 'LayerRetired', write: 'w1', query: 4 };
    await say(added, { kind: 'Write', write: 'w1', state: { kind: 'Parked', reason: 'Permanent', status: 422 } }, retired);
    expect(cache.log).toEqual(['layer w1 restored', 'not applied w1', 'commit']);
    await say({ kind: 'Write', write: 'w1', state: { kind: 'Retrying', status: 0 } }, retired);
    expect(cache.log.slice(3)).toEqual(['retired w1 4', 'commit']);
  });

  it('Q17 what it says while committing is worked off in the same turn', () => {
    const { tw, engine } = rig();
    const cache = new FakeCache();
    const link = tw.attachCache(cache);
    tw.start();
    cache.onCommit = () => {
      cache.onCommit = () => undefined;
      link.touched('w1', [4]);
    };
    engine.onCommand = () => ({ outputs: [added] });
    tw.process();
    expect(engine.batches.at(-1)).toEqual([{ kind: 'Touched', write: 'w1', queries: [4] }]);
  });

  it('Q18 stored bases come after the records, in one step', async () => {
    const store = memoryStore();
    await (await store.open('app|default|ana')).write([{ key: 'q/h', value: '{}' }, { key: 'w/1', value }]);
    const { tw, engine, say } = rig({}, new FakePlatform(store));
    const cache = new FakeCache();
    const link = tw.attachCache(cache);
    cache.onRestore = (keys) => {
      cache.log.push(`restore ${keys.join()}`);
      link.baseInstalled(4, { positions: [], carries: ['w1'], restored: true });
    };
    tw.start();
    await quiet();
    await say({ kind: 'Load', load: 1 });
    expect(engine.batches.find((batch) => batch.some(({ kind }) => kind === 'Loaded'))).toEqual([
      { kind: 'Loaded', load: 1, records: [{ key: 'w/1', value }] },
      { kind: 'BaseInstalled', query: 4, read: undefined, positions: [], applied: undefined, carries: ['w1'], restored: true },
    ]);
  });

  it('Q16 bases wait for the reading that counts: a lead that comes meanwhile makes the engine read again', async () => {
    const store = sharedStore();
    const held = await store.open('app|default|ana');
    await held.write([{ key: 'q/h', value: '{}' }]);
    const platform = new FakePlatform(store);
    const { tw, engine, say } = rig({}, platform);
    const cache = new FakeCache();
    tw.attachCache(cache);
    const restored: string[] = [];
    cache.onRestore = (keys) => {
      restored.push(...keys);
      cache.log.push('restore');
    };
    tw.start();
    await quiet();
    engine.onInput = (input) => {
      if (input.kind === 'Leader') return [{ kind: 'Load', load: 2 }];
      return input.kind === 'Loaded' && input.load === 2 ? [added] : [];
    };
    cache.log.length = 0;
    engine.give({ kind: 'Load', load: 1 });
    platform.tellNetwork('Changed');
    platform.tabsEvents?.granted();
    await quiet();
    expect(restored).toEqual(['q/h']);
    expect(cache.log.slice(cache.log.indexOf('restore'))).toEqual(['restore', 'layer w1 restored', 'commit']);
    await say({ kind: 'Load', load: 3 });
    expect(restored).toEqual(['q/h']);
  });

  it('may say things before start; they come first then', () => {
    const { tw, engine } = rig();
    const link = tw.attachCache(new FakeCache());
    link.bound('r', [4]);
    link.fetchStarted(4, 1);
    tw.start();
    tw.process();
    expect(engine.kinds().slice(0, 5)).toEqual(['Network', 'App', 'Definitions', 'Bound', 'FetchStarted']);
  });

  it('Y6 what is not decided yet is decided before a base is exchanged, and a refused one comes back within the call', () => {
    const { tw, engine } = rig();
    const cache = new FakeCache();
    const link = tw.attachCache(cache);
    tw.start();
    tw.process();
    link.bound('r', [4]);
    expect(engine.messages.at(-1)).not.toMatchObject({ kind: 'Bound' });
    link.upToDate();
    expect(engine.messages.at(-1)).toEqual({ kind: 'Bound', room: 'r', queries: [4] });
    engine.onInput = (input) => (input.kind === 'BaseInstalled' ? [{ kind: 'BaseRefused', query: 4 }] : []);
    link.baseInstalled(4, { read: 1, positions: [] });
    expect(cache.log).toContain('refused 4');
  });

  it('attached later gets the layers that stand, and the stored bases', async () => {
    const store = memoryStore();
    await (await store.open('app|default|ana')).write([{ key: 'q/h', value: '{}' }]);
    const { tw, say } = rig({}, new FakePlatform(store));
    tw.start();
    await say(added, { ...added, write: 'w2' }, { kind: 'LayerRetired', write: 'w1' });
    const cache = new FakeCache();
    const restored: string[] = [];
    cache.onRestore = (keys) => restored.push(...keys);
    tw.attachCache(cache);
    await quiet();
    expect(cache.log).toContain('layer w2 restored');
    expect(cache.log).not.toContain('layer w1 restored');
    expect(restored).toEqual(['q/h']);
  });

  it('detached says no more, and its queries and rooms are taken back', () => {
    const { tw, engine } = rig();
    const link: CacheLink = tw.attachCache(new FakeCache());
    tw.start();
    link.bound('r', [4]);
    link.fetchStarted(4, 1);
    link.detach();
    link.fetchStarted(5, 2);
    tw.process();
    expect(engine.messages.slice(-5)).toEqual([
      { kind: 'Bound', room: 'r', queries: [4] },
      { kind: 'FetchStarted', query: 4, read: 1 },
      { kind: 'Bound', room: 'r', queries: [] },
      { kind: 'QueryGone', query: 4 },
      { kind: 'Process', pass: 1 },
    ]);
  });

  it('stop takes the layers down: the next engine puts up its own', async () => {
    const { tw, say } = rig();
    const cache = new FakeCache();
    tw.attachCache(cache);
    tw.start();
    await say(added);
    cache.log.length = 0;
    tw.stop();
    expect(cache.log).toEqual(['retired w1 all', 'commit']);
  });
});

describe('logs', () => {
  it('tell notes and quarantined records', async () => {
    const { tw, notes, say } = rig();
    tw.start();
    await say({ kind: 'Log', note: 'GapSeen' }, { kind: 'Quarantined', key: 'w/1', reason: 'Corrupt' });
    expect(notes).toMatchObject([{ level: 'warn', note: 'GapSeen' }, { level: 'error', note: 'record w/1 was set aside: Corrupt' }]);
  });
});
