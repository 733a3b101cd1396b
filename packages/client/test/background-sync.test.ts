// Background Sync as the page asks for it, and as the worker answers. The browser's part is in e2e/tests/18-background-sync.
import { afterEach, expect, it, vi } from 'vitest';
import { answerSync, syncInBackground, type SyncClient } from '../src/background-sync.js';
import type { OutboxSnapshot, WriteSnapshot, WriteStatus } from '../src/types.js';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function outboxWith(...states: WriteStatus[]): OutboxSnapshot {
  const writes = states.map((state, at): WriteSnapshot => ({ id: String(at), name: '', label: '', variables: undefined, state }));
  return { ready: true, pending: states.length, inFlight: 0, parked: 0, quarantined: 0, bytes: 0, durability: 'power-loss', writes };
}

/** An outbox that the test changes. */
function changeable(now: OutboxSnapshot) {
  const looking = new Set<() => void>();
  return {
    get: () => now,
    subscribe(look: () => void) {
      looking.add(look);
      return () => void looking.delete(look);
    },
    becomes(next: OutboxSnapshot) {
      now = next;
      for (const look of [...looking]) look();
    },
  };
}

it('Q1 the page asks for a sync when a write is on disk, not before, and once for each number of them', async () => {
  const asked: string[] = [];
  const sync = { register: (tag: string) => Promise.resolve(void asked.push(tag)) };
  vi.stubGlobal('navigator', { serviceWorker: { ready: Promise.resolve({ sync }) } });
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const outbox = changeable(outboxWith());
  const stop = syncInBackground({ outbox });
  outbox.becomes(outboxWith('queued', 'queued'));
  await settled();
  expect(asked).toEqual([]);
  outbox.becomes(outboxWith('durable', 'queued'));
  outbox.becomes(outboxWith('sending', 'queued'));
  await settled();
  expect(asked).toEqual(['tidewire']);
  outbox.becomes(outboxWith('sending', 'durable'));
  await settled();
  expect(asked).toEqual(['tidewire', 'tidewire']);
  outbox.becomes(outboxWith('durable'));
  outbox.becomes(outboxWith());
  stop();
  outbox.becomes(outboxWith('durable'));
  await settled();
  expect(asked).toHaveLength(3);
});

/** The worker's answer to a `sync` with this tag; undefined where it gives none. */
function answered(tag: string, open: () => SyncClient | undefined): Promise<unknown> | undefined {
  let work: Promise<unknown> | undefined;
  const scope = new EventTarget();
  answerSync(scope as Parameters<typeof answerSync>[0], open);
  scope.dispatchEvent(Object.assign(new Event('sync'), { tag, waitUntil: (given: Promise<unknown>) => (work = given) }));
  return work;
}

function clientWith(outbox: SyncClient['outbox']) {
  const calls: string[] = [];
  const call = (name: string) => () => void calls.push(name);
  const process = (): ReturnType<SyncClient['process']> => (call('process')(), new Promise(() => undefined));
  const client: SyncClient = { start: call('start'), stop: call('stop'), ready: Promise.resolve(), process, outbox };
  return { client, calls };
}

it('Q1 the worker is done when nothing waits any more', async () => {
  const outbox = changeable(outboxWith('durable'));
  const { client, calls } = clientWith(outbox);
  const work = answered('tidewire', () => client);
  await vi.waitFor(() => expect(calls).toEqual(['start', 'process']));
  outbox.becomes(outboxWith());
  await work;
  expect(calls).toEqual(['start', 'process', 'stop']);
});

it('Q1 what is not sent in time makes the browser try again', async () => {
  vi.useFakeTimers();
  const { client, calls } = clientWith(changeable(outboxWith('durable', 'durable')));
  const work = answered('tidewire', () => client);
  const failed = expect(work).rejects.toThrow('2 writes still wait');
  await vi.advanceTimersByTimeAsync(20_000);
  await failed;
  expect(calls.at(-1)).toBe('stop');
});

it('answers no sync of others, and none when nobody is signed in', async () => {
  expect(answered('theirs', () => expect.unreachable())).toBeUndefined();
  await answered('tidewire', () => undefined);
});
