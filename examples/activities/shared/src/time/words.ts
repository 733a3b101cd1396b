// Times as people say them.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const clock = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: 'long' });
const date = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const dateAndYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });

/** "14:05" */
export function clockTime(at: string): string {
  return clock.format(new Date(at));
}

/** "just now", "5 min ago", "3 h ago", "yesterday", "4 Mar" */
export function ago(at: string, now: number): string {
  const past = now - Date.parse(at);
  if (past < MINUTE) return 'just now';
  if (past < HOUR) return `${Math.floor(past / MINUTE)} min ago`;
  const days = daysBetween(at, now);
  if (days === 0 || past < 6 * HOUR) return `${Math.floor(past / HOUR)} h ago`;
  return day(at, now).toLowerCase() === 'yesterday' ? 'yesterday' : day(at, now);
}

/** "Today", "Yesterday", "Tuesday", "4 Mar" */
export function day(at: string, now: number): string {
  const days = daysBetween(at, now);
  if (days <= 0) return 'Today';
  if (days === 1) return 'Yesterday';
  if (days < 7) return weekday.format(new Date(at));
  return new Date(at).getFullYear() === new Date(now).getFullYear() ? date.format(new Date(at)) : dateAndYear.format(new Date(at));
}

function daysBetween(at: string, now: number): number {
  return Math.round((startOfDay(now) - startOfDay(Date.parse(at))) / DAY);
}

function startOfDay(time: number): number {
  return new Date(time).setHours(0, 0, 0, 0);
}
