// Encryption at rest (Q23): the suite of every store over a sealed one, and what only a sealed one has to do.
import { describe, expect, it } from 'vitest';
import { encryptedStore } from '../src/encryption.js';
import { memoryStore } from '../src/ports/memory-store.js';
import type { StorePort, StoreValue } from '../src/ports/port.js';
import { describeStore } from './store-conformance.js';

const secret = (): Promise<CryptoKey> => crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
const KEY = await secret();
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const PLAIN = bytes(84, 87, 1, 2, 3);

describeStore('encrypted', () => encryptedStore(memoryStore(), KEY));

async function put(port: StorePort, key: string, value: StoreValue, partition = 'p'): Promise<void> {
  await (await port.open(partition)).write([{ key, value }]);
}

async function read(port: StorePort, partition = 'p'): Promise<StoreValue | undefined> {
  return (await (await port.open(partition)).scan())[0]?.value;
}

describe('Q23 the envelope', () => {
  it('Q23 is as docs/store-format.md says: whoever has the key can open it without us', async () => {
    const inner = memoryStore();
    await put(encryptedStore(inner, KEY), 'w/1', PLAIN);
    const sealed = (await read(inner)) as Uint8Array;
    expect(sealed).toHaveLength(4 + 12 + PLAIN.length + 16);
    expect([...sealed.slice(0, 4)]).toEqual([...new TextEncoder().encode('tws'), 1]);
    const algorithm = { name: 'AES-GCM', iv: sealed.slice(4, 16), additionalData: new TextEncoder().encode('tws1\0p\0w/1') };
    expect(new Uint8Array(await crypto.subtle.decrypt(algorithm, KEY, sealed.slice(16)))).toEqual(PLAIN);
  });

  it('Q23 never seals twice alike, and holds nothing readable', async () => {
    const inner = memoryStore();
    const port = encryptedStore(inner, KEY);
    await put(port, 'q/1', 'a secret message');
    const first = (await read(inner)) as Uint8Array;
    await put(port, 'q/1', 'a secret message');
    const second = (await read(inner)) as Uint8Array;
    expect(second).not.toEqual(first);
    expect(new TextDecoder().decode(first)).not.toContain('secret');
    expect(await read(port)).toBe('a secret message');
  });

  it.each([
    ['another key of the map', 'w/2', 'p'],
    ['another owner', 'w/1', 'other'],
  ])('Q23 a value moved to %s does not open, and is handed on as it is', async (_where, key, partition) => {
    const inner = memoryStore();
    await put(encryptedStore(inner, KEY), 'w/1', PLAIN);
    const sealed = (await read(inner)) as Uint8Array;
    const moved = memoryStore();
    await put(moved, key, sealed, partition);
    expect(await read(encryptedStore(moved, KEY), partition)).toEqual(sealed);
  });

  it('Q23 Q4 a flipped bit and a lost key hand it on as it is; with the right key it opens again', async () => {
    const inner = memoryStore();
    await put(encryptedStore(inner, KEY), 'w/1', PLAIN);
    const sealed = (await read(inner)) as Uint8Array;
    const lost = encryptedStore(inner, await secret());
    expect(await read(lost)).toEqual(sealed);
    expect(await read(encryptedStore(inner, KEY))).toEqual(PLAIN);
    const flipped = sealed.slice();
    flipped[20] = (flipped[20] ?? 0) ^ 1;
    await put(inner, 'w/1', flipped);
    expect(await read(encryptedStore(inner, KEY))).toEqual(flipped);
  });

  it('Q23 what was stored before is read as it is, and sealed when it is written again', async () => {
    const inner = memoryStore();
    await put(inner, 'w/1', PLAIN);
    const port = encryptedStore(inner, KEY);
    expect(await read(port)).toEqual(PLAIN);
    await put(port, 'w/1', PLAIN);
    expect(await read(inner)).not.toEqual(PLAIN);
  });

  it.each([
    ['none', () => undefined],
    ['a locked key chain', () => Promise.reject(new Error('locked'))],
  ])('Q23 without a key (%s) nothing is written, and what is sealed is not read', async (_why, key) => {
    const inner = memoryStore();
    await put(encryptedStore(inner, KEY), 'w/1', PLAIN);
    const sealed = await read(inner);
    const port = encryptedStore(inner, key);
    await expect(put(port, 'w/1', bytes(9))).rejects.toMatchObject({ kind: 'Failed' });
    await expect(read(port)).rejects.toMatchObject({ kind: 'Failed' });
    expect(await read(inner)).toEqual(sealed);
  });
});
