// Entry `@tidewire/client/encryption`: encryption at rest (Q23) as a wrapper around any store. What stands in the store then is described in
// docs/store-format.md; the native client writes the same. Knows keys and values, nothing of what is in them.
import { StoreFault, type Store, type StorePort, type StoreRecord, type StoreStep, type StoreValue } from './ports/port.js';
export { deviceKey } from './ports/device-key.js';

/** "tws", and the version of the envelope. */
const MAGIC = Uint8Array.of(0x74, 0x77, 0x73, 0x01);
const NONCE = 12;
/** Below these keys stands text, below all others bytes. */
const TEXT = 'q/';

/** A key for AES-256-GCM that may encrypt and decrypt, or undefined while there is none: nothing is read or written then. */
export type StoreKey = CryptoKey | (() => Promise<CryptoKey | undefined> | CryptoKey | undefined);

/**
 * A store whose values only this key opens. A value that was stored before is read as it is and sealed at its next writing; one that
 * does not open (a lost key, a flipped bit, a record of somebody else) is set aside by the engine and never touched. One key for
 * one user on one device: it may seal at most 2^32 values.
 */
export function encryptedStore(inner: StorePort, key: StoreKey): StorePort {
  const { census } = inner;
  return {
    async open(partition) {
      return sealing(await inner.open(partition), new Envelope(partition, key));
    },
    ...(census === undefined ? {} : { census: () => census.call(inner) }),
  };
}

function sealing(inner: Store, envelope: Envelope): Store {
  /** The last writing: steps are sealed side by side, and written in the order of the calls. */
  let last: Promise<unknown> = Promise.resolve();
  return {
    durability: inner.durability,
    ...(inner.taken === undefined ? {} : { taken: inner.taken }),
    async scan(prefix) {
      const records = await inner.scan(prefix);
      return Promise.all(records.map((record) => envelope.opened(record)));
    },
    write(steps, fence) {
      const sealed = Promise.all(steps.map((step) => envelope.sealed(step)));
      const merging = steps.some(({ over }) => over !== undefined);
      const written = last.then(async () => (merging ? writeOver(inner, envelope, steps, fence) : inner.write(await sealed, fence)));
      last = written.catch(() => undefined);
      // Whoever comes first is told; a failure is never told twice.
      sealed.catch(() => undefined);
      return written;
    },
    lead: () => inner.lead(),
    close: () => void last.then(() => inner.close()),
  };
}

/** What stands is opened before, since an atomic write waits for nothing; if it is another one by then, all begins again. */
async function writeOver(inner: Store, envelope: Envelope, steps: readonly StoreStep[], fence: number | undefined): Promise<void> {
  for (;;) {
    let overtaken = false;
    const sealed = await Promise.all(
      steps.map(async (step): Promise<StoreStep> => {
        const { key, value, over } = step;
        if (value === null || over === undefined) return envelope.sealed(step);
        const seen = (await inner.scan(key)).find((record) => record.key === key);
        const wanted = seen === undefined ? value : over((await envelope.opened(seen)).value);
        const whole = await envelope.sealed({ key, value: wanted });
        const replace = (stored: StoreValue): StoreValue => {
          overtaken ||= seen === undefined || !isSame(stored, seen.value);
          if (overtaken || whole.value === null) throw new StoreFault('Failed', 'Another tab was faster');
          return whole.value;
        };
        return { ...whole, over: replace };
      }),
    );
    try {
      return await inner.write(sealed, fence);
    } catch (error) {
      if (!overtaken) throw error;
    }
  }
}

function isSame(one: StoreValue, other: StoreValue): boolean {
  if (typeof one === 'string' || typeof other === 'string') return one === other;
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

class Envelope {
  readonly #partition: string;
  readonly #key: StoreKey;

  constructor(partition: string, key: StoreKey) {
    this.#partition = partition;
    this.#key = key;
  }

  async sealed({ key, value }: StoreStep): Promise<StoreStep> {
    if (value === null) return { key, value };
    const plain = typeof value === 'string' ? new TextEncoder().encode(value) : value.slice();
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE));
    const sealed = new Uint8Array(await crypto.subtle.encrypt(this.#algorithm(key, nonce), await this.#secret(), plain));
    const whole = new Uint8Array(MAGIC.length + NONCE + sealed.length);
    whole.set(MAGIC);
    whole.set(nonce, MAGIC.length);
    whole.set(sealed, MAGIC.length + NONCE);
    return { key, value: whole };
  }

  async opened(record: StoreRecord): Promise<StoreRecord> {
    const { key, value } = record;
    if (!isSealed(value)) return record;
    const secret = await this.#secret();
    const body = MAGIC.length + NONCE;
    try {
      const plain = await crypto.subtle.decrypt(this.#algorithm(key, value.slice(MAGIC.length, body)), secret, value.slice(body));
      return { key, value: key.startsWith(TEXT) ? new TextDecoder().decode(plain) : new Uint8Array(plain) };
    } catch {
      return record;
    }
  }

  async #secret(): Promise<CryptoKey> {
    let secret: CryptoKey | undefined;
    try {
      secret = typeof this.#key === 'function' ? await this.#key() : this.#key;
    } catch {
      secret = undefined;
    }
    if (secret === undefined) throw new StoreFault('Failed', 'There is no key for the store');
    return secret;
  }

  #algorithm(key: string, nonce: Uint8Array<ArrayBuffer>): AesGcmParams {
    return { name: 'AES-GCM', iv: nonce, additionalData: new TextEncoder().encode(`tws1\0${this.#partition}\0${key}`) };
  }
}

function isSealed(value: StoreValue): value is Uint8Array {
  return typeof value !== 'string' && MAGIC.every((byte, at) => value[at] === byte);
}
