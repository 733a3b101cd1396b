// JSON that stays with the host while the engine decides about it: parsed frames, and arguments of emits as text.
import type { BodyId, FrameBody } from '../generated/protocol.js';

/** The engine wants at least this much of a frame (`limits::FRAME_HEAD`). */
const HEAD = 1024;
/** Longer frames are not even parsed; the engine closes the link (`limits::FRAME`). */
const LONGEST_FRAME = 1_000_000;

export interface ReadFrame {
  readonly head: string;
  readonly length: number;
  readonly body: FrameBody;
}

/** Longest last argument that the engine is told (`limits::LAST_ARGUMENT`). */
const LAST = 32;

export class Bodies {
  /** Tell the engine of a short last argument: Socket.IO's own recovery puts an offset there (C12). */
  readonly #tellLast: boolean;
  readonly #kept = new Map<BodyId, unknown>();
  #last = 0;

  constructor(tellLast = false) {
    this.#tellLast = tellLast;
  }

  get size(): number {
    return this.#kept.size;
  }

  keep(value: unknown): BodyId {
    do this.#last = this.#last === 0xffff_ffff ? 1 : this.#last + 1;
    while (this.#kept.has(this.#last));
    this.#kept.set(this.#last, value);
    return this.#last;
  }

  text(id: BodyId): string {
    const value = this.#kept.get(id);
    return typeof value === 'string' ? value : '';
  }

  value(id: BodyId): unknown {
    return this.#kept.get(id);
  }

  array(id: BodyId): readonly unknown[] {
    const value = this.#kept.get(id);
    return Array.isArray(value) ? value : [];
  }

  release(ids: readonly BodyId[]): void {
    for (const id of ids) this.#kept.delete(id);
  }

  /** What the engine is told of a text frame; the JSON in it is kept. */
  read(frame: string): ReadFrame {
    return { head: headOf(frame), length: frame.length, body: this.#bodyOf(frame) };
  }

  #bodyOf(frame: string): FrameBody {
    if (frame.length > LONGEST_FRAME) return { kind: 'None' };
    const start = jsonStart(frame);
    if (start < 0) return { kind: 'None' };
    try {
      const value: unknown = JSON.parse(frame.slice(start));
      return { kind: 'Json', body: this.keep(value), last: this.#tellLast ? lastOf(value) : undefined };
    } catch {
      return { kind: 'Invalid' };
    }
  }
}

function lastOf(value: unknown): string | undefined {
  const last: unknown = Array.isArray(value) ? value.at(-1) : undefined;
  return typeof last === 'string' && last.length <= LAST ? last : undefined;
}

/** The first 1024 UTF-16 units, never ending within a surrogate pair. */
export function headOf(frame: string): string {
  if (frame.length <= HEAD) return frame;
  const last = frame.charCodeAt(HEAD - 1);
  const splits = last >= 0xd800 && last <= 0xdbff;
  return frame.slice(0, splits ? HEAD + 1 : HEAD);
}

/** Where the JSON of a Socket.IO packet in an Engine.IO message begins; -1 if there is none. */
function jsonStart(frame: string): number {
  if (frame.charCodeAt(0) !== 0x34 /* '4': a message */) return -1;
  // A namespace ends at its comma, and may hold brackets itself.
  let at = 2;
  while (isDigitOrDash(frame.charCodeAt(at))) at += 1;
  if (frame[at] === '/') {
    const comma = frame.indexOf(',', at);
    if (comma < 0) return -1;
    at = comma + 1;
  }
  while (isDigitOrDash(frame.charCodeAt(at))) at += 1;
  return frame[at] === '[' || frame[at] === '{' ? at : -1;
}

function isDigitOrDash(unit: number): boolean {
  return (unit >= 0x30 && unit <= 0x39) || unit === 0x2d;
}
