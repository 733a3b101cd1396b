// Base64 of the standard alphabet by hand: older Hermes has neither `btoa` nor `TextDecoder`. Knows nothing of what is in the bytes.

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES = new Map([...ALPHABET].map((character, value) => [character.charCodeAt(0), value]));
/** Characters per piece: joined pieces are cheaper than one growing text. */
const PIECE = 4096;

export function toBase64(bytes: Uint8Array): string {
  const pieces: string[] = [];
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const [one = 0, two, three] = [bytes[at], bytes[at + 1], bytes[at + 2]];
    const all = (one << 16) | ((two ?? 0) << 8) | (three ?? 0);
    text += ALPHABET.charAt(all >> 18) + ALPHABET.charAt((all >> 12) & 63);
    text += two === undefined ? '==' : ALPHABET.charAt((all >> 6) & 63) + (three === undefined ? '=' : ALPHABET.charAt(all & 63));
    if (text.length >= PIECE) {
      pieces.push(text);
      text = '';
    }
  }
  return pieces.join('') + text;
}

/** Undefined if the text is not base64. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const units = text.length - padding;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let held = 0;
  let bits = 0;
  let to = 0;
  for (let at = 0; at < units; at += 1) {
    const value = VALUES.get(text.charCodeAt(at));
    if (value === undefined) return undefined;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[to] = (held >> bits) & 0xff;
    to += 1;
  }
  return bytes;
}
