// The recorder (docs/recording.md): what an engine was told since it was made, as a file that `tidewire replay` runs. It stands around the
// engine, decides nothing and performs nothing.
import type { CreateEngine, StepOutput } from './engine/binding.js';
import { newReader, newWriter, written, type ByteWriter } from './engine/bytes.js';
import { FINGERPRINT, putBatch, putInit } from './generated/protocol.js';
import { getBatch, getInit, putStepResult } from './generated/protocol-inspect.js';
import type { Config, Message, Now, Output } from './generated/protocol.js';
import { Blanker } from './recording/blank.js';
import { utf8 } from './recording/texts.js';

export interface RecordOptions {
  /** Bytes that are kept; default 4 MiB. */
  readonly bytes?: number;
  /** Calls of the engine that are kept; default 20,000. */
  readonly steps?: number;
  /** With bodies, variables, tokens and arguments; default: text of the same length stands in their place. */
  readonly payloads?: boolean;
}

/** A recording from the start of an engine. */
export interface Recording {
  /** The file. */
  readonly text: string;
  /** Calls of the engine in it. */
  readonly steps: number;
  /** The limit was reached: what came later is not in it. */
  readonly full: boolean;
  /**
   * The first call at which the file's engine did something else than the client's did, because what it decided on was blanked (or because of a
   * bug). The file says so too.
   */
  readonly differs: number | undefined;
}

/** Given to a client as `recording`; one recorder belongs to one client. */
export interface Recorder {
  /** What the newest engine was told; undefined if there was none yet. */
  take(): Recording | undefined;
  /** For the client: an engine whose calls are kept. */
  around(create: CreateEngine): CreateEngine;
}

interface Kept {
  readonly batch: Uint8Array;
  /** A hash of the real result without payloads. */
  readonly shape: number;
}

interface Life {
  readonly create: CreateEngine;
  readonly init: Uint8Array;
  readonly kept: Kept[];
  bytes: number;
  full: boolean;
}

export function recorder(options: RecordOptions = {}): Recorder {
  const { bytes: mostBytes = 4 * 1024 * 1024, steps: mostSteps = 20_000, payloads = false } = options;
  let life: Life | undefined;

  function keep(into: Life, blanker: Blanker, messages: readonly Message[], now: Now, result: StepOutput): void {
    if (into.full) return;
    const told = payloads ? messages : messages.map((message) => blanker.message(message));
    for (const output of result.outputs) blanker.saw(output);
    const batch = bytesOf((w) => putBatch(w, { now, messages: told }));
    into.full = into.kept.length >= mostSteps || into.bytes + batch.length > mostBytes;
    if (into.full) return;
    into.bytes += batch.length;
    into.kept.push({ batch, shape: shapeOf(result) });
  }

  return {
    take: () => (life === undefined ? undefined : recordingOf(life, payloads)),
    around: (create) => (config: Config, seed, mono) => {
      const engine = create(config, seed, mono);
      const init = bytesOf((w) => putInit(w, { config, seed, now: whole(mono) }));
      const mine: Life = { create, init, kept: [], bytes: init.length, full: false };
      const blanker = new Blanker();
      life = mine;
      return {
        step(messages, now) {
          const result = engine.step(messages, now);
          keep(mine, blanker, messages, whole(now), result);
          return result;
        },
      };
    },
  };
}

/** The results in the file are those of an engine that was told what is in it. */
function recordingOf({ create, init, kept, full }: Life, payloads: boolean): Recording {
  const { config, seed, now: born } = getInit(newReader(init));
  const engine = create(config, seed, born);
  let differs: number | undefined;
  let hash = FIRST;
  let second = SECOND;
  const lines = kept.map(({ batch, shape }, index) => {
    const { now, messages } = getBatch(newReader(batch));
    const answer = engine.step(messages, now);
    if (shapeOf(answer) !== shape) differs ??= index + 1;
    const result = bytesOf((w) => putStepResult(w, { kind: 'Done', outputs: answer.outputs, timeout: answer.timeout }));
    hash = fnv(hash, result);
    second = fnv(second, result);
    return `> ${hex(batch)}\n~ ${digits(fnv(FIRST, result))}`;
  });
  const about = [
    'Recorded from the start of a client.',
    payloads
      ? 'With payloads: keep it as you keep the data itself.'
      : 'Without payloads: text of the same length stands in their place, and the results are those of an engine that was told so.',
    full ? 'It ends where its limit was reached.' : 'It is whole.',
    differs === undefined
      ? "At every step that engine did what the client's did, payloads apart."
      : `From step ${differs} on that engine did something else than the client's.`,
  ].map((line) => `# ${line}`);
  const text = ['tidewire-trace 1', ...about, `format ${FINGERPRINT}`, `init ${hex(init)}`, ...lines, `hash ${digits(hash)}${digits(second)}`, ''].join('\n');
  return { text, steps: kept.length, full, differs };
}

const FIRST = 0x811c9dc5;
const SECOND = 0x12345678;

function fnv(from: number, bytes: Uint8Array): number {
  let hash = from;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}

const digits = (number: number): string => (number >>> 0).toString(16).padStart(8, '0');
const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

function bytesOf(put: (w: ByteWriter) => void): Uint8Array {
  const w = newWriter(256);
  put(w);
  return written(w).slice();
}

/** As the engine's border does it. */
function whole(now: Now): Now {
  return { mono: Math.floor(now.mono), wall: Math.floor(now.wall) };
}

const PAYLOADS = new Set(['variables', 'body', 'text', 'value', 'json']);

/** A hash of what was done, which payloads do not show in. */
function shapeOf({ outputs, timeout }: StepOutput): number {
  // JSON within JSON is longer by its escapes, which a filler has not.
  const shown: readonly Output[] = outputs.filter(({ kind }) => kind !== 'Exported');
  const text = JSON.stringify([shown, timeout], (key, value: unknown) => {
    if (value instanceof Uint8Array) return value.length;
    return PAYLOADS.has(key) && typeof value === 'string' ? utf8(value).length : value;
  });
  return fnv(FIRST, utf8(text));
}
