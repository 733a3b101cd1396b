// The inlined engine back to bytes. Base64 tears bytes apart, which costs a third after gzip; here the most frequent byte
// values are one character each and the others two, which costs nothing.

/** Printable ASCII that needs no escape in any kind of quotes; the last two begin pairs. The same as in xtask/src/wasm/pack.rs. */
function alphabet(): string {
  let text = '';
  for (let code = 32; code < 127; code++) {
    const c = String.fromCharCode(code);
    if ('"\'`\\$<'.indexOf(c) < 0) text += c;
  }
  return text;
}

/** `order` is all byte values in hex, the most frequent first. */
export function unpack(order: string, text: string): Uint8Array<ArrayBuffer> {
  const characters = alphabet();
  const singles = characters.length - 2;
  const bytes = new Uint8Array(text.length);
  let at = 0;
  let base = 0;
  const rank = new Uint8Array(128);
  for (let i = 0; i < characters.length; i++) rank[characters.charCodeAt(i)] = i;
  const values = new Uint8Array(256);
  for (let i = 0; i < 256; i++) values[i] = parseInt(order.slice(i * 2, i * 2 + 2), 16);
  for (let i = 0; i < text.length; i++) {
    const index = rank[text.charCodeAt(i)]!;
    if (index >= singles) {
      base = (index - singles + 1) * singles;
    } else {
      bytes[at++] = values[base + index]!;
      base = 0;
    }
  }
  return bytes.slice(0, at);
}
