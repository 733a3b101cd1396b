// How people are shown. A user's id is the name that they signed in with.

export function displayName(userId: string): string {
  return userId.replace(/(^|[-_. ])(\p{L})/gu, (_, gap: string, letter: string) => (gap === '' ? '' : ' ') + letter.toUpperCase());
}

export function initials(userId: string): string {
  const words = displayName(userId).split(' ');
  const [first = '?', second] = words;
  return (second === undefined ? first.slice(0, 1) : first.slice(0, 1) + second.slice(0, 1)).toUpperCase();
}

/** One of `count` tints, always the same for one person. */
export function tintOf(userId: string, count: number): number {
  let sum = 7;
  for (const char of userId) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 65_521;
  return sum % count;
}
