// The console, for those who set `localStorage.debug` as the `debug` package has it: names with `*`, separated by commas or spaces, `-name` for
// exceptions. Read at each line, so that it can be switched while a page runs.

/** Writes lines under the first name; switched by any of them. */
export function debugLog(...names: readonly string[]): (line: string) => void {
  return (line) => {
    if (names.some(isOn)) console.debug(`${names[0] ?? ''} ${line}`);
  };
}

function isOn(name: string): boolean {
  const patterns = setting().split(/[\s,]+/).filter(Boolean);
  const off = patterns.some((pattern) => pattern.startsWith('-') && matches(name, pattern.slice(1)));
  return !off && patterns.some((pattern) => matches(name, pattern));
}

function matches(name: string, pattern: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(name);
}

function setting(): string {
  try {
    return typeof localStorage === 'undefined' ? '' : (localStorage.getItem('debug') ?? '');
  } catch {
    return ''; // storage that is blocked
  }
}
