// Tells the demo's page what this phone sends and hears. Elsewhere it does nothing. It looks on: nothing of the app depends on it.
import { onStage } from '../session/place.ts';
import { aboutRequest } from './what.ts';
import { tell, type Report } from './report.ts';

/** A write that leaves later than this after a touch is not that touch's. */
const JUST_NOW = 3_000;

/** When its person touched this phone last while it was connected: what waited for a network tells nothing of speed. */
let touched = Number.NEGATIVE_INFINITY;
let connected = false;

export function connectedNow(now: boolean): void {
  connected = now;
  if (!now) touched = Number.NEGATIVE_INFINITY;
}

/** Wall time with fractions of a millisecond, the same in all windows of one browser. */
export const exactly = (since = performance.now()): number => performance.timeOrigin + since;

export function watchTouches(): () => void {
  const touch = ({ timeStamp }: Event): void => {
    if (connected) touched = timeStamp;
  };
  const names = ['click', 'keydown'];
  for (const name of names) window.addEventListener(name, touch, true);
  return () => {
    for (const name of names) window.removeEventListener(name, touch, true);
  };
}

export function report(message: Report): void {
  if (onStage) tell(window.parent, message);
}

interface Leaving {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** A request of the queue leaves; what is returned is to be told of its answer. */
export function sent(request: Leaving): (answer: Response) => void {
  const about = onStage ? aboutRequest(request) : undefined;
  const write = new Headers(request.headers).get('Idempotency-Key')?.replaceAll('"', '');
  if (about === undefined || write === undefined) return () => undefined;
  const now = performance.now();
  report({ kind: 'sent', ...about, write, tapped: now - touched < JUST_NOW ? exactly(touched) : null });
  return ({ headers }) => report({ kind: 'answered', write, outcome: headers.get('Tidewire-Outcome') ?? 'none' });
}
