// Base64 to bytes, for the inlined engine: `atob` makes strings, and `Uint8Array.fromBase64` is too new.

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Of canonical base64 with padding. */
export function base64(text: string): Uint8Array<ArrayBuffer> {
  const values = new Uint8Array(128);
  for (let i = 0; i < 64; i++) values[ALPHABET.charCodeAt(i)] = i;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  for (let i = 0, at = 0; i < text.length; i += 4) {
    const group =
      (values[text.charCodeAt(i)]! << 18) |
      (values[text.charCodeAt(i + 1)]! << 12) |
      (values[text.charCodeAt(i + 2)]! << 6) |
      values[text.charCodeAt(i + 3)]!;
    // Bytes behind the end of a typed array are dropped: that is the padding.
    bytes[at++] = group >> 16;
    bytes[at++] = (group >> 8) & 0xff;
    bytes[at++] = group & 0xff;
  }
  return bytes;
}
