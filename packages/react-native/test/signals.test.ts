// What NetInfo, AppState and the other clients of the process say, as the engine hears it.
import { describe, expect, it } from 'vitest';
import type { NetworkWord, TabsSession } from '@tidewire/client';
import { appStateVisibility } from '../src/ports/app-state.js';
import { netInfoNetwork, type NetInfoStateLike } from '../src/ports/net-info.js';
import { oneProcess } from '../src/ports/one-process.js';
import { randomOf } from '../src/ports/random.js';

const state = (isConnected: boolean | null, isInternetReachable: boolean | null, type = 'wifi', details: object | null = null): NetInfoStateLike => ({ type, isConnected, isInternetReachable, details });

class FakeNetInfo {
  readonly listeners = new Set<(state: NetInfoStateLike) => void>();
  readonly addEventListener = (listener: (state: NetInfoStateLike) => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };
  tell(next: NetInfoStateLike): void {
    for (const listener of [...this.listeners]) listener(next);
  }
}

describe('C3 NetInfo', () => {
  const words = (...states: NetInfoStateLike[]): NetworkWord[] => {
    const netInfo = new FakeNetInfo();
    const heard: NetworkWord[] = [];
    netInfoNetwork(netInfo).watch((word) => heard.push(word));
    for (const each of states) netInfo.tell(each);
    return heard;
  };

  it('null is unknown, and so is an internet that a probe elsewhere did not reach', () => {
    expect(words(state(true, true), state(null, null, 'unknown'))).toEqual(['Online', 'Unknown']);
    expect(words(state(true, true), state(true, false))).toEqual(['Online', 'Unknown']);
    expect(words(state(true, null))).toEqual(['Online']);
  });

  it('offline only where NetInfo is sure', () => {
    expect(words(state(false, false, 'none'), state(true, true))).toEqual(['Offline', 'Online']);
    expect(words(state(null, false, 'unknown'))).toEqual([]);
  });

  it('another kind of network, or another address in it, is a change: links of before are dead', () => {
    const at = (ipAddress: string | null): NetInfoStateLike => state(true, true, 'wifi', { ipAddress });
    expect(words(at('10.0.0.2'), at('10.0.0.2'), at('10.0.0.3'), state(true, true, 'cellular'))).toEqual(['Online', 'Changed', 'Changed']);
    expect(words(state(true, true, 'wifi'), state(false, false, 'none'), state(true, true, 'cellular'))).toEqual(['Online', 'Offline', 'Online']);
  });

  it('listens only while somebody watches, once for all, and forgets what it knew', () => {
    const netInfo = new FakeNetInfo();
    const network = netInfoNetwork(netInfo);
    expect([network.current(), netInfo.listeners.size]).toEqual(['Unknown', 0]);
    const heard: string[] = [];
    const same = (word: NetworkWord): void => void heard.push(word);
    const stops = [network.watch(same), network.watch(same)];
    expect(netInfo.listeners.size).toBe(1);
    netInfo.tell(state(false, false, 'none'));
    expect([network.current(), ...heard]).toEqual(['Offline', 'Offline', 'Offline']);
    stops[0]?.();
    expect(netInfo.listeners.size).toBe(1);
    stops[1]?.();
    expect([network.current(), netInfo.listeners.size]).toEqual(['Unknown', 0]);
  });
});

describe('C3 AppState', () => {
  it('inactive is still in front; active probes, also without a background before it', () => {
    let listener: (state: string) => void = () => undefined;
    let removed = 0;
    let looked = 0;
    const appState = {
      currentState: 'active' as string,
      addEventListener: (_type: 'change', given: (state: string) => void) => {
        listener = given;
        return { remove: () => void (removed += 1) };
      },
    };
    const port = appStateVisibility(appState, () => (looked += 1));
    const heard: string[] = [];
    const tell = (what: string) => (): void => void heard.push(what);
    const stop = port.watch({ foreground: tell('foreground'), background: tell('background'), leaving: tell('leaving'), returned: tell('returned') });
    for (const next of ['inactive', 'background', 'background', 'active', 'inactive', 'active']) listener(next);
    expect(heard).toEqual(['background', 'foreground', 'foreground']);
    expect(looked).toBe(2);
    expect([port.current(), (appState.currentState = 'background', port.current())]).toEqual(['Foreground', 'Background']);
    stop();
    expect(removed).toBe(1);
  });
});

describe('Q19 clients of one process', () => {
  /** Joins, and writes down what happens to it. */
  function member(name: string, partition: string, log: string[], emptied = new Set<() => void>()): TabsSession {
    const tabs = oneProcess((_partition, callback) => {
      emptied.add(callback);
      return () => void emptied.delete(callback);
    });
    return tabs.join(partition, {
      message: ({ key }) => void log.push(`${name} hears ${key}`),
      granted: () => void log.push(`${name} leads`),
      lost: () => void log.push(`${name} lost`),
    });
  }
  const quiet = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  };

  it('one leads, the next one after it, and another partition by itself', async () => {
    const log: string[] = [];
    const [app, task, other] = [member('app', 'one', log), member('task', 'one', log), member('other', 'two', log)];
    for (const each of [app, task, other]) each.contend();
    app.contend();
    await quiet();
    expect(log.splice(0)).toEqual(['app leads', 'other leads']);
    app.release();
    await quiet();
    expect(log.splice(0)).toEqual(['task leads']);
    app.steal();
    await quiet();
    expect(log.splice(0)).toEqual(['task lost', 'app leads']);
    for (const each of [app, task, other]) each.leave();
    await quiet();
    expect(log).toEqual([]);
  });

  it('a grant that was given up before it was told is not told, and one that was taken again is told once', async () => {
    const log: string[] = [];
    const app = member('app', 'three', log);
    app.contend();
    app.release();
    await quiet();
    expect(log.splice(0)).toEqual([]);
    app.contend();
    app.release();
    app.contend();
    await quiet();
    expect(log).toEqual(['app leads']);
    app.leave();
  });

  it('they hear of each other, but not of themselves, and nobody after it left', async () => {
    const log: string[] = [];
    const [app, task] = [member('app', 'four', log), member('task', 'four', log)];
    app.post({ key: 'w/1', value: null });
    await quiet();
    task.leave();
    app.post({ key: 'w/2', value: null });
    await quiet();
    expect(log).toEqual(['task hears w/1']);
    app.leave();
  });

  it('Q4 whose storage was emptied is given the lead once more', async () => {
    const log: string[] = [];
    const emptied = new Set<() => void>();
    const app = member('app', 'five', log, emptied);
    app.contend();
    await quiet();
    for (const tell of emptied) tell();
    await quiet();
    expect(log).toEqual(['app leads', 'app leads']);
    app.leave();
    expect(emptied.size).toBe(0);
  });
});

describe('randomness', () => {
  it('is taken from what the app hands over, and never from something that fills nothing', () => {
    expect([...randomOf((bytes) => bytes.fill(7)).seed()]).toEqual(Array.from({ length: 32 }, () => 7));
    expect(() => randomOf(() => undefined).seed()).toThrow('filled nothing');
  });

  it('without it the global crypto serves, and without both it says what to do', () => {
    expect(randomOf(undefined).seed()).toHaveLength(32);
    const kept = Object.getOwnPropertyDescriptor(globalThis, 'crypto');
    if (kept === undefined) throw new Error('no crypto here');
    Object.defineProperty(globalThis, 'crypto', { configurable: true, value: undefined });
    try {
      expect(() => randomOf(undefined).seed()).toThrow('expo-crypto');
    } finally {
      Object.defineProperty(globalThis, 'crypto', kept);
    }
  });
});
