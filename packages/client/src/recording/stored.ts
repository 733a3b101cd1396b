// Records of the store without their payloads (docs/store-format.md), in place. A write's record that this cannot read is made unreadable, and
// the engine of the replay sets it aside.
import { filledBytes, utf8, type Filler } from './texts.js';

const ascii = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0));

/** A copy of the value under this key. */
export function blankRecord(key: string, value: Uint8Array, filler: Filler): Uint8Array {
  // The others are the engine's own: ids, names, clocks.
  if (!key.startsWith('w/')) return value;
  const bytes = value.slice();
  const content = bytes.subarray(0, Math.max(0, bytes.length - 4));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const sum = crc32([...utf8(key), 0], content);
  try {
    if (view.getUint32(content.length, true) !== sum) throw new RangeError('torn');
    new Walk(content, filler).write();
    view.setUint32(content.length, crc32([...utf8(key), 0], content), true);
    return bytes;
  } catch {
    return bytes.fill(0x78);
  }
}

/** Walks along a write's record; leaving it throws a `RangeError`. */
class Walk {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #filler: Filler;
  #at = 4;

  constructor(bytes: Uint8Array, filler: Filler) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#filler = filler;
  }

  write(): void {
    const [t, w, version, kind] = this.#bytes;
    const [first, second] = ascii('TW');
    if (t !== first || w !== second || (version !== 1 && version !== 2) || kind !== 1) throw new RangeError('not a write');
    // Partition, id, name; version; variables.
    for (let i = 0; i < 3; i++) this.#text();
    this.#at += 4;
    this.#blank();
    // Method and path; the body; the lane; flags and three numbers.
    for (let i = 0; i < 2; i++) this.#text();
    this.#optional();
    this.#text();
    this.#at += 1 + 8 + 8 + 4;
    const stage = this.#byte();
    if (stage === 2) {
      // Client and sequence, status, whether it was replayed.
      this.#text();
      this.#at += 8 + 4 + 1;
      this.#optional();
    } else if (stage === 3) {
      this.#at += 1 + 4;
      this.#optional();
    } else if (stage !== 0 && stage !== 1 && stage !== 4) {
      throw new RangeError('an unknown stage');
    }
  }

  #byte(): number {
    const byte = this.#view.getUint8(this.#at);
    this.#at += 1;
    return byte;
  }

  /** The text that begins here; stands behind it then. */
  #text(): Uint8Array {
    const length = this.#view.getUint32(this.#at, true);
    const begin = this.#at + 4;
    this.#at = begin + length;
    if (this.#at > this.#bytes.length) throw new RangeError('cut');
    return this.#bytes.subarray(begin, this.#at);
  }

  #blank(): void {
    const place = this.#text();
    place.set(filledBytes(place, this.#filler));
  }

  #optional(): void {
    if (this.#byte() !== 0) this.#blank();
  }
}

/** CRC-32, IEEE 802.3. */
function crc32(head: readonly number[], content: Uint8Array): number {
  let crc = 0xffffffff;
  const take = (byte: number): void => {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  };
  head.forEach(take);
  content.forEach(take);
  return ~crc >>> 0;
}
