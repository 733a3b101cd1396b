// Bytes of the basic types: the TypeScript half of crates/ffi/src/codec.rs. It knows no type of the engine.
// Plain functions and `var`-friendly code: it runs on Hermes, which has neither class syntax nor TextDecoder everywhere.

/** Bytes being written; grows as needed. */
export interface ByteWriter {
  bytes: Uint8Array;
  at: number;
}

/** A place in bytes. `end` is the first byte that does not belong to them. */
export interface ByteReader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
}

export function newWriter(capacity: number): ByteWriter {
  return { bytes: new Uint8Array(capacity), at: 0 };
}

export function newReader(bytes: Uint8Array, at = 0, end = bytes.length): ByteReader {
  return { bytes, at, end };
}

/** What was written; valid until the next write. */
export function written(w: ByteWriter): Uint8Array {
  return w.bytes.subarray(0, w.at);
}

function room(w: ByteWriter, count: number): void {
  const needed = w.at + count;
  if (needed <= w.bytes.length) return;
  const grown = new Uint8Array(Math.max(needed, w.bytes.length * 2));
  grown.set(w.bytes.subarray(0, w.at));
  w.bytes = grown;
}

function take(r: ByteReader, count: number): number {
  const from = r.at;
  if (count > r.end - from) throw malformed(r, 'it ends too early');
  r.at = from + count;
  return from;
}

function malformed(r: ByteReader, what: string): Error {
  return new Error('tidewire: at byte ' + r.at + " of the engine's answer " + what + '; engine and codec come from different builds');
}

export function badTag(r: ByteReader, type: string): never {
  throw malformed(r, 'no ' + type + ' has this tag');
}

export function putByte(w: ByteWriter, value: number): void {
  if (w.at >= w.bytes.length) room(w, 1);
  w.bytes[w.at++] = value;
}

export function putBool(w: ByteWriter, value: boolean): void {
  putByte(w, value ? 1 : 0);
}

export function getBool(r: ByteReader): boolean {
  const byte = r.bytes[take(r, 1)];
  if (byte !== 0 && byte !== 1) badTag(r, 'boolean');
  return byte === 1;
}

const SAFE = 9007199254740991;

/** A whole number from 0 to 2^53 - 1, in groups of seven bits. */
export function putNumber(w: ByteWriter, value: number): void {
  if (!(value >= 0 && value <= SAFE && value % 1 === 0)) {
    throw new RangeError('tidewire: ' + value + ' is not a whole number from 0 to 2^53 - 1');
  }
  room(w, 8);
  let rest = value;
  while (rest >= 0x80) {
    w.bytes[w.at++] = rest % 0x80 | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  w.bytes[w.at++] = rest;
}

export function getNumber(r: ByteReader): number {
  let byte = r.bytes[take(r, 1)]!;
  if (byte < 0x80) return byte;
  let value = byte & 0x7f;
  let scale = 0x80;
  do {
    byte = r.bytes[take(r, 1)]!;
    value += (byte & 0x7f) * scale;
    scale *= 0x80;
    if (value > SAFE) throw malformed(r, 'a number is above 2^53 - 1');
  } while (byte >= 0x80);
  return value;
}

/** UTF-8 with a length before it. A lone surrogate becomes U+FFFD, as everywhere on the web. */
export function putText(w: ByteWriter, text: string): void {
  const units = text.length;
  // Most texts are ASCII, where bytes and units are the same: try that first.
  putNumber(w, units);
  const start = w.at;
  room(w, units);
  const bytes = w.bytes;
  for (let i = 0; i < units; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) {
      w.at = start - sizeOfNumber(units);
      putWideText(w, text);
      return;
    }
    bytes[start + i] = unit;
  }
  w.at = start + units;
}

function sizeOfNumber(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

/** The character at `i`; above 0xFFFF it takes two units. */
function characterAt(text: string, i: number): number {
  const unit = text.charCodeAt(i);
  if (unit < 0xd800 || unit > 0xdfff) return unit;
  const next = unit < 0xdc00 ? text.charCodeAt(i + 1) : 0;
  return next >= 0xdc00 && next <= 0xdfff ? 0x10000 + ((unit & 0x3ff) << 10) + (next & 0x3ff) : 0xfffd;
}

function putWideText(w: ByteWriter, text: string): void {
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const c = characterAt(text, i);
    length += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    if (c >= 0x10000) i++;
  }
  putNumber(w, length);
  room(w, length);
  const bytes = w.bytes;
  let at = w.at;
  for (let i = 0; i < text.length; i++) {
    const c = characterAt(text, i);
    if (c < 0x80) {
      bytes[at++] = c;
    } else if (c < 0x800) {
      bytes[at++] = 0xc0 | (c >> 6);
      bytes[at++] = 0x80 | (c & 0x3f);
    } else if (c < 0x10000) {
      bytes[at++] = 0xe0 | (c >> 12);
      bytes[at++] = 0x80 | ((c >> 6) & 0x3f);
      bytes[at++] = 0x80 | (c & 0x3f);
    } else {
      i++;
      bytes[at++] = 0xf0 | (c >> 18);
      bytes[at++] = 0x80 | ((c >> 12) & 0x3f);
      bytes[at++] = 0x80 | ((c >> 6) & 0x3f);
      bytes[at++] = 0x80 | (c & 0x3f);
    }
  }
  w.at = at;
}

/** Units per call of `String.fromCharCode`, which takes them as arguments on the stack. */
const CHUNK = 2048;

/** The engine's texts are valid UTF-8 by their Rust type, so this does not validate. */
export function getText(r: ByteReader): string {
  const length = getNumber(r);
  let at = take(r, length);
  const end = at + length;
  const bytes = r.bytes;
  let text = '';
  let units: number[] = [];
  while (at < end) {
    const byte = bytes[at++]!;
    if (byte < 0x80) {
      units.push(byte);
    } else if (byte < 0xe0) {
      units.push(((byte & 0x1f) << 6) | (bytes[at++]! & 0x3f));
    } else if (byte < 0xf0) {
      units.push(((byte & 0x0f) << 12) | ((bytes[at++]! & 0x3f) << 6) | (bytes[at++]! & 0x3f));
    } else {
      const c =
        (((byte & 0x07) << 18) | ((bytes[at++]! & 0x3f) << 12) | ((bytes[at++]! & 0x3f) << 6) | (bytes[at++]! & 0x3f)) -
        0x10000;
      units.push(0xd800 | (c >> 10), 0xdc00 | (c & 0x3ff));
    }
    if (units.length >= CHUNK) {
      text += String.fromCharCode.apply(null, units);
      units = [];
    }
  }
  return text + String.fromCharCode.apply(null, units);
}

export function putBytes(w: ByteWriter, value: Uint8Array): void {
  putNumber(w, value.length);
  room(w, value.length);
  w.bytes.set(value, w.at);
  w.at += value.length;
}

/** A copy: the buffer below it belongs to the engine. */
export function getBytes(r: ByteReader): Uint8Array {
  const length = getNumber(r);
  const from = take(r, length);
  return r.bytes.slice(from, from + length);
}

export function putName<T extends string>(w: ByteWriter, names: readonly T[], value: T): void {
  const tag = names.indexOf(value);
  if (tag < 0) throw new RangeError("tidewire: '" + value + "' is none of " + names.join(', '));
  putByte(w, tag);
}

export function getName<T extends string>(r: ByteReader, names: readonly T[]): T {
  const name = names[r.bytes[take(r, 1)]!];
  return name === undefined ? badTag(r, names.join(' | ')) : name;
}

export function putOptional<T>(w: ByteWriter, value: T | undefined, put: (w: ByteWriter, value: T) => void): void {
  if (value === undefined) {
    putByte(w, 0);
  } else {
    putByte(w, 1);
    put(w, value);
  }
}

export function getOptional<T>(r: ByteReader, get: (r: ByteReader) => T): T | undefined {
  return getBool(r) ? get(r) : undefined;
}

export function putList<T>(w: ByteWriter, values: readonly T[], put: (w: ByteWriter, value: T) => void): void {
  putNumber(w, values.length);
  for (let i = 0; i < values.length; i++) put(w, values[i]!);
}

export function getList<T>(r: ByteReader, get: (r: ByteReader) => T): T[] {
  const count = getNumber(r);
  if (count > r.end - r.at) throw malformed(r, 'a list is longer than the rest');
  const values: T[] = [];
  for (let i = 0; i < count; i++) values.push(get(r));
  return values;
}
