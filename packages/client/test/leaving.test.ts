// Leaving (Q19, Q20, Q21): the user signs out, another tab leads, a newer build owns the store.
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../src/ports/memory-store.js';
import { StoreFault, type StorePort } from '../src/ports/port.js';
import { FakePlatform, quiet, sharedStore } from './support/platform.js';
import { rig } from './support/rig.js';

const bytes = Uint8Array.of(1);
const numbers = { ready: true, pending: 0, inFlight: 0, parked: 0, quarantined: 0, bytes: 0 };

async function signedIn(store: StorePort = memoryStore()) {
  const made = rig({}, new FakePlatform(store));
  made.engine.onInput = (input) => (input.kind === 'Loaded' ? [{ kind: 'Outbox', status: { ...numbers, pending: 2, parked: 1 } }] : []);
  made.tw.start();
  await made.say({ kind: 'Load', load: 1 });
  return made;
}

describe('logout', () => {
  it('Q20 waits until nothing is under way, says what stays, and then this client is over', async () => {
    const { tw, engine, platform, say } = await signedIn();
    let left: unknown;
    const leaving = tw.logout({ unsent: 'keep' }).then((result) => (left = result));
    await quiet();
    expect(engine.kinds().slice(-1)).toEqual(['Suspend']);
    expect(left).toBeUndefined();
    await say({ kind: 'Outbox', status: { ...numbers, pending: 1, parked: 1 } }, { kind: 'Quiet' });
    await leaving;
    expect(left).toEqual({ kept: 2 });
    expect(platform.timers).toBe(0);
    const before = engine.batches.length;
    tw.start();
    await expect(tw.connect()).rejects.toMatchObject({ code: 'STOPPED' });
    await expect(tw.submit({ method: 'POST', path: '/x' }).durable).rejects.toMatchObject({ code: 'STOPPED' });
    expect(tw.emit('x')).toBe(false);
    expect(engine.batches.length).toBe(before);
  });

  it('Q20 discard gives the writes up first, and takes the cached answers of the user off the device', async () => {
    const store = memoryStore();
    const [mine, bens] = [await store.open('app|default|ana'), await store.open('app|default|ben')];
    for (const partition of [mine, bens]) await partition.write([{ key: 'q/1', value: '{}' }, { key: 'w/1', value: bytes }]);
    const { tw, engine, say } = await signedIn(store);
    const leaving = tw.logout({ unsent: 'discard' });
    await quiet();
    expect(engine.kinds().slice(-2)).toEqual(['Clear', 'Suspend']);
    await say({ kind: 'Outbox', status: numbers }, { kind: 'Quiet' });
    expect(await leaving).toEqual({ kept: 0 });
    expect((await mine.scan()).map(({ key }) => key)).toEqual(['w/1']);
    expect((await bens.scan()).map(({ key }) => key)).toEqual(['q/1', 'w/1']);
  });

  it("Q20 other users' unsent writes are counted, and nothing else of them can be seen", async () => {
    const store = memoryStore();
    for (const [partition, keys] of Object.entries({ 'app|default|ben%7C': ['w/1', 'w/2', 'q/x'], 'app|default|ana': ['w/1'], 'app|other|cleo': ['w/1'], 'app|default|dan': ['m/client'] })) {
      await (await store.open(partition)).write(keys.map((key) => ({ key, value: key === 'q/x' ? '{}' : bytes })));
    }
    const { tw } = await signedIn(store);
    expect(await tw.unsentOfOthers()).toEqual([{ user: 'ben|', writes: 2 }]);
  });
});

describe('tabs', () => {
  it('Q19 takes the lead when the engine says that nobody answers, with a later epoch', async () => {
    const store = sharedStore();
    await (await store.open('app|default|ana')).lead();
    const { tw, engine, platform, say } = rig({}, new FakePlatform(store));
    tw.start();
    await quiet();
    await say({ kind: 'TakeLead' });
    expect(platform.stolen).toBe(1);
    platform.tabsEvents?.granted();
    await quiet();
    expect(engine.last('Leader')).toEqual({ kind: 'Leader', epoch: 2 });
  });
});

describe("a newer build's store", () => {
  it('Q21 gives up the lead and says why nothing is sent', async () => {
    const { tw, engine, platform, notes, say } = rig({}, new FakePlatform(sharedStore()));
    tw.start();
    await quiet();
    platform.tabsEvents?.granted();
    await quiet();
    await say({ kind: 'ReloadNeeded' }, { kind: 'Outbox', status: { ...numbers, pending: 1, blocked: 'ReloadNeeded' } });
    expect(platform.contending).toBe(false);
    expect(engine.last('LeaderLost')).toEqual({ kind: 'LeaderLost' });
    expect(tw.outbox.get().blocked).toBe('reload-needed');
    expect(notes.at(-1)?.note).toMatch(/reload/);
  });

  it('Q21 one that cannot even be opened is told to the engine', async () => {
    const store: StorePort = { open: () => Promise.reject(new StoreFault('Newer', 'The store belongs to a newer build')) };
    const { tw, engine } = rig({}, new FakePlatform(store));
    tw.start();
    await quiet();
    expect(engine.last('StoreNewer')).toEqual({ kind: 'StoreNewer' });
  });
});
