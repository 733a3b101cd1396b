import { afterEach, describe, expect, it, vi } from 'vitest';
import { browser } from '../src/ports/browser.js';
import { systemClock } from '../src/ports/clock.js';
import { webSocketUrl, webSockets } from '../src/ports/socket.js';
import { browserTabs } from '../src/ports/tabs.js';

afterEach(() => vi.unstubAllGlobals());

describe('clock', () => {
  it('adds what the machine slept: a forward jump of the wall clock beside the monotonic one', () => {
    const raw = { perf: 100.7, wall: 1_000_000 };
    const clock = systemClock({ performanceNow: () => raw.perf, dateNow: () => raw.wall });
    expect(clock.now()).toEqual({ mono: 100, wall: 1_000_000 });
    raw.perf += 50;
    raw.wall += 50;
    expect(clock.now().mono).toBe(150);
    raw.perf += 10;
    raw.wall += 60_010;
    expect(clock.now().mono).toBe(60_160);
  });

  it('never goes back when the wall clock does, and ignores small differences', () => {
    const raw = { perf: 0, wall: 1_000_000 };
    const clock = systemClock({ performanceNow: () => raw.perf, dateNow: () => raw.wall });
    clock.now();
    raw.wall -= 3_600_000;
    raw.perf += 10;
    expect(clock.now().mono).toBe(10);
    raw.wall += 900;
    raw.perf += 10;
    expect(clock.now().mono).toBe(20);
  });
});

class FakeWebSocket {
  static readonly OPEN = 1;
  static last: FakeWebSocket | undefined;
  readyState = 0;
  binaryType = 'blob';
  bufferedAmount = 0;
  readonly sent: unknown[] = [];
  onopen: (() => void) | undefined;
  onmessage: ((event: { data: unknown }) => void) | undefined;
  onclose: ((event: { code: number }) => void) | undefined;
  constructor(readonly url: string) {
    FakeWebSocket.last = this;
  }
  send(frame: unknown): void {
    if (this.readyState !== FakeWebSocket.OPEN) throw new Error('InvalidState');
    this.sent.push(frame);
  }
  close(): void {
    this.readyState = 3;
  }
}

function openSocket() {
  vi.stubGlobal('WebSocket', FakeWebSocket);
  const events = { opened: vi.fn(), text: vi.fn(), binary: vi.fn(), writable: vi.fn(), closed: vi.fn() };
  const link = webSockets().open('https://api.test/socket.io/', events);
  const socket = FakeWebSocket.last;
  if (socket === undefined) throw new Error('no socket');
  return { events, link, socket };
}

describe('socket', () => {
  it.each([
    ['http://a.test:4680/socket.io/?EIO=4', undefined, 'ws://a.test:4680/socket.io/?EIO=4'],
    ['https://a.test/x', undefined, 'wss://a.test/x'],
    ['/socket.io/?EIO=4', 'https://page.test/deep/link', 'wss://page.test/socket.io/?EIO=4'],
  ])('%s on %s is %s', (url, page, expected) => expect(webSocketUrl(url, page)).toBe(expected));

  it('an absolute address needs no URL: that of React Native 0.86 has no setter of its protocol', () => {
    vi.stubGlobal('URL', class {
      get protocol(): string {
        return 'https:';
      }
    });
    expect(webSocketUrl('https://a.test/socket.io/?EIO=4', undefined)).toBe('wss://a.test/socket.io/?EIO=4');
    expect(webSocketUrl('ws://a.test/x', undefined)).toBe('ws://a.test/x');
  });

  it.each([
    [false, 1006, 'Unreachable'],
    [true, 1006, 'Lost'],
    [true, 1000, 'Lost'],
    [true, 1012, 'Overloaded'],
    [false, 1013, 'Overloaded'],
  ])('C2 opened %s, code %i: %s', (opened, code, cause) => {
    const { events, socket } = openSocket();
    if (opened) socket.onopen?.();
    socket.onclose?.({ code });
    expect(events.closed).toHaveBeenCalledExactlyOnceWith(cause);
  });

  it('C5 is silent after close', () => {
    const { events, link, socket } = openSocket();
    link.close();
    socket.onopen?.();
    socket.onmessage?.({ data: '2' });
    socket.onclose?.({ code: 1000 });
    expect(events.opened).not.toHaveBeenCalled();
    expect(events.text).not.toHaveBeenCalled();
    expect(events.closed).not.toHaveBeenCalled();
  });

  it('passes text and binary, and swallows what is sent before it is open', () => {
    const { events, link, socket } = openSocket();
    link.send('early');
    socket.readyState = FakeWebSocket.OPEN;
    socket.onopen?.();
    link.send('2');
    socket.onmessage?.({ data: '3' });
    socket.onmessage?.({ data: new ArrayBuffer(5) });
    expect(socket.sent).toEqual(['2']);
    expect(events.text).toHaveBeenCalledWith('3');
    expect(events.binary).toHaveBeenCalledWith(new Uint8Array(5));
  });

  it('C6 sends bytes, and says when it takes no more and when it does again', () => {
    vi.useFakeTimers();
    const { events, link, socket } = openSocket();
    socket.readyState = FakeWebSocket.OPEN;
    socket.onopen?.();
    socket.bufferedAmount = 70_000;
    link.send(new Uint8Array([1]));
    link.send('2');
    expect(socket.sent).toEqual([new Uint8Array([1]), '2']);
    expect(events.writable.mock.calls).toEqual([[false]]);
    vi.advanceTimersByTime(200);
    expect(events.writable.mock.calls).toEqual([[false]]);
    socket.bufferedAmount = 0;
    vi.advanceTimersByTime(50);
    expect(events.writable.mock.calls).toEqual([[false], [true]]);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('is unreachable where there is no WebSocket, later, not within open', async () => {
    vi.stubGlobal('WebSocket', undefined);
    const closed = vi.fn();
    webSockets().open('http://a.test/', { opened: vi.fn(), text: vi.fn(), binary: vi.fn(), writable: vi.fn(), closed });
    expect(closed).not.toHaveBeenCalled();
    await Promise.resolve();
    expect(closed).toHaveBeenCalledWith('Unreachable');
  });
});

/** The queue of one Web Lock, as the standard has it: exclusive, first come first served. */
class FakeLocks {
  readonly #waiting: { readonly run: () => Promise<void> }[] = [];
  #holder: { readonly reject: (error: DOMException) => void } | undefined;
  request(_name: string, options: { signal?: AbortSignal; steal?: boolean }, callback: () => unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const entry = {
        run: async () => {
          const me = { reject };
          this.#holder = me;
          await callback();
          resolve(undefined);
          if (this.#holder !== me) return;
          this.#holder = undefined;
          this.#next();
        },
      };
      if (options.steal === true) {
        // The standard: whoever holds it is rejected at once, whatever its callback still does.
        this.#holder?.reject(new DOMException('stolen', 'AbortError'));
        void entry.run();
        return;
      }
      this.#waiting.push(entry);
      options.signal?.addEventListener('abort', () => {
        const at = this.#waiting.indexOf(entry);
        if (at < 0) return;
        this.#waiting.splice(at, 1);
        reject(new DOMException('aborted', 'AbortError'));
      });
      this.#next();
    });
  }
  #next(): void {
    if (this.#holder === undefined) void this.#waiting.shift()?.run();
  }
}

describe('tabs', () => {
  const tab = (log: string[], name: string) =>
    browserTabs().join('p', { message: () => undefined, granted: () => log.push(`${name} granted`), lost: () => log.push(`${name} lost`) });
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('Q19 one holds the lock, the next gets it when the first goes', async () => {
    vi.stubGlobal('navigator', { locks: new FakeLocks() });
    const log: string[] = [];
    const [one, two] = [tab(log, 'one'), tab(log, 'two')];
    one.contend();
    two.contend();
    await settle();
    expect(log).toEqual(['one granted']);
    one.leave();
    await settle();
    expect(log).toEqual(['one granted', 'two granted']);
    two.leave();
  });

  it('Q19 who stops waiting is not granted, and may wait again', async () => {
    vi.stubGlobal('navigator', { locks: new FakeLocks() });
    const log: string[] = [];
    const [one, two] = [tab(log, 'one'), tab(log, 'two')];
    one.contend();
    two.contend();
    two.release();
    one.release();
    await settle();
    expect(log).toEqual(['one granted']);
    two.contend();
    await settle();
    expect(log).toEqual(['one granted', 'two granted']);
    one.leave();
    two.leave();
  });

  it('Q19 a tab may take the lock from one that does not answer, which is told', async () => {
    vi.stubGlobal('navigator', { locks: new FakeLocks() });
    const log: string[] = [];
    const [one, two] = [tab(log, 'one'), tab(log, 'two')];
    one.contend();
    two.contend();
    await settle();
    two.steal();
    await settle();
    expect(log).toEqual(['one granted', 'two granted', 'one lost']);
    one.contend();
    two.leave();
    await settle();
    expect(log).toEqual(['one granted', 'two granted', 'one lost', 'one granted']);
    one.leave();
  });

  it('passes records between tabs, and nothing else', async () => {
    const heard: unknown[] = [];
    const one = browserTabs().join('p', { message: () => undefined, granted: () => undefined, lost: () => undefined });
    const got = new Promise<void>((resolve) => {
      const two = browserTabs().join('p', {
        message: (message) => {
          heard.push(message);
          if (message.key === 'last') {
            two.leave();
            resolve();
          }
        },
        granted: () => undefined,
        lost: () => undefined,
      });
    });
    const stranger = new BroadcastChannel('tidewire:1:p');
    stranger.postMessage({ key: 1 });
    one.post({ key: 'w/1', value: Uint8Array.of(1, 2) });
    one.post({ key: 'last', value: null });
    await got;
    stranger.close();
    one.leave();
    expect(heard).toEqual([{ key: 'w/1', value: Uint8Array.of(1, 2) }, { key: 'last', value: null }]);
  });
});

describe('the browser platform', () => {
  it('is inert where there is no browser', () => {
    const platform = browser();
    expect(platform.visibility.current()).toBe('Foreground');
    vi.stubGlobal('navigator', { onLine: null });
    expect(platform.network.current()).toBe('Unknown');
    vi.stubGlobal('navigator', { onLine: false });
    expect(platform.network.current()).toBe('Offline');
    platform.network.watch(() => undefined)();
    platform.visibility.watch({ foreground: vi.fn(), background: vi.fn(), leaving: vi.fn(), returned: vi.fn() })();
    expect(platform.random.seed()).toHaveLength(32);
  });
});
