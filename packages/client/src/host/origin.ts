// What belongs to the app's own backend: only that gets tokens and protocol headers (Q9, Q20).

/** The absolute URL (or path on the page's origin) of a request, and whether it goes to our own backend. */
export function target(base: string, path: string): { readonly url: string; readonly own: boolean } {
  const origin = base.replace(/\/+$/, '');
  // `//host` and `/\host` leave the origin although they begin like a path.
  if (/^\/(?![/\\])/.test(path)) return { url: origin + path, own: true };
  return { url: path, own: origin !== '' && path.startsWith(`${origin}/`) };
}

/** `scheme://host[:port]` of an absolute URL; empty for where relative paths go. */
export function originOf(url: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]+/i.exec(url)?.[0] ?? '';
}
