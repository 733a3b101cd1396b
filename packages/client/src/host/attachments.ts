// Bytes within JSON, as Socket.IO carries them: a placeholder in the text, the bytes beside it.

/** As JSON; what it has of bytes goes to `parts`. Undefined for what JSON has no word for. */
export function withoutBytes(value: unknown, parts: Uint8Array[]): string | undefined {
  // The original, not what `toJSON` made of it: Node's buffers have one.
  function replacer(this: unknown, key: string, given: unknown): unknown {
    const bytes = bytesOf((this as Record<string, unknown>)[key]);
    return bytes === undefined ? given : { _placeholder: true, num: parts.push(bytes) - 1 };
  }
  return JSON.stringify(value, replacer) as string | undefined;
}

/** The value with bytes where it had placeholders; one that names no part becomes undefined. */
export function withBytes(value: unknown, parts: readonly unknown[]): unknown {
  if (parts.length === 0) return value;
  if (Array.isArray(value)) return value.map((item) => withBytes(item, parts));
  if (typeof value !== 'object' || value === null) return value;
  if ('_placeholder' in value && value._placeholder === true) return 'num' in value && typeof value.num === 'number' ? parts[value.num] : undefined;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withBytes(item, parts)]));
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : undefined;
}
