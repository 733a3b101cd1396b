// Texts that stand in the place of payloads: of the same length, and with what the engine looks for.
import { newReader, newWriter, getText, putText, written } from '../engine/bytes.js';

/** JSON of as many bytes, where there is room, that mentions the same temporary ids. */
export type Filler = (text: string) => string;

/** Fields of acknowledgements that the engine reads (docs/protocol.md). */
const READ = new Set(['success', 'error', 'epoch', 'offset', 'recovered', 'expires', 'instance']);

/** Temporary ids that clients make, here and in Rust. */
const MADE = 'tmp_[0-9a-f]{16,}';

export function utf8(text: string): Uint8Array {
  const w = newWriter(16);
  putText(w, text);
  const all = written(w);
  // Without the length before it.
  let begin = 0;
  while ((all[begin] ?? 0) >= 0x80) begin++;
  return all.slice(begin + 1);
}

export const fillerFor =
  (temps: ReadonlySet<string>): Filler =>
  (text) => {
    const length = utf8(text).length;
    if (length < 2) return '1'.repeat(length);
    // Of an earlier life only those are known that this client made.
    const named = (text.match(new RegExp([...temps, MADE].join('|'), 'g')) ?? []).join(' ');
    return `"${named}${'x'.repeat(Math.max(0, length - 2 - named.length))}"`;
  };

export function filledBytes(text: Uint8Array, filler: Filler): Uint8Array {
  const framed = new Uint8Array([...lengthPrefix(text.length), ...text]);
  const filled = utf8(filler(getText(newReader(framed))));
  if (filled.length !== text.length) throw new RangeError('another length');
  return filled;
}

function lengthPrefix(length: number): number[] {
  const bytes: number[] = [];
  let rest = length;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return [...bytes, rest];
}

/** The beginning of a frame without arguments of the app. */
export function blankFrame(head: string): string {
  const match = /^4([2356])(?:\d+-)?(?:\/[^,]*,)?\d*/.exec(head);
  if (match === null) return head;
  const rest = head.slice(match[0].length);
  return match[0] + (match[1] === '2' || match[1] === '5' ? blankEvent(rest) : blankAnswer(rest));
}

/** As many characters as the engine counts: not UTF-16 units. */
const same = (text: string): string => 'x'.repeat([...text].length);

/** Up to its name; what our server itself says stays whole. */
function blankEvent(rest: string): string {
  const first = stringAt(rest, 1);
  if (first === undefined) return same(rest);
  let end = first.end;
  if (first.text.startsWith('tw:')) return rest;
  if (first.text === 'tw' && rest.startsWith(',[', end)) {
    // Metadata holds ids, which hold no brackets.
    const close = rest.indexOf('],', end);
    end = (close < 0 ? undefined : stringAt(rest, close + 2)?.end) ?? rest.length;
  }
  return rest.slice(0, end) + same(rest.slice(end));
}

/** The string that begins here, and where it ends. */
function stringAt(text: string, at: number): { readonly text: string; readonly end: number } | undefined {
  const match = /^"((?:[^"\\]|\\.)*)"/s.exec(text.slice(at));
  return match === null ? undefined : { text: match[1] ?? '', end: at + match[0].length };
}

/** Of its fields only those that the engine reads keep their values. */
function blankAnswer(rest: string): string {
  let out = '';
  let read = false;
  for (let at = 0; at < rest.length; ) {
    const letter = rest.charAt(at);
    if (letter !== '"') {
      if (letter === ',') read = false;
      out += /\d/.test(letter) && !read ? '1' : letter;
      at += 1;
      continue;
    }
    const { text, end } = stringAt(rest, at) ?? { text: rest.slice(at + 1), end: rest.length };
    const isKey = /^\s*:/.test(rest.slice(end));
    if (isKey) read = READ.has(text);
    const closed = end - at === text.length + 2 ? '"' : '';
    out += isKey || read || text === 'tw' ? rest.slice(at, end) : `"${same(text)}${closed}`;
    at = end;
  }
  return out;
}
