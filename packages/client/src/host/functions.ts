// Writes that a function of the app sends, not a request (A1): a place for them in the engine's terms, and what its result is as an answer.
import type { Input } from '../generated/protocol.js';
import type { SendContext } from '../types.js';

export type Send = (context: SendContext) => unknown;

/** Thrown by a request port or a `mutationFn`: nothing was sent, so trying again is harmless. */
export class NotSent extends Error {}

type Without<T, K extends string> = T extends unknown ? Omit<T, K> : never;
/** An answer, or why there is none, without the request that it belongs to. */
export type Exchange = Without<Extract<Input, { kind: 'Responded' | 'RequestFailed' }>, 'fetch'>;

/** No request ever goes there (RFC 6761): the engine only needs to keep such writes apart from those to real origins. */
const NOWHERE = 'mutation.invalid';

/** Where the engine thinks that a registered function's writes go. */
export function namedTarget(name: string): string {
  return `https://${NOWHERE}/${encodeURIComponent(name)}`;
}

/** The same for a function without a name: an origin and a lane of its own, so that its failures hold up no other's. */
export function unnamedTarget(unique: string): string {
  return `https://${unique}.${NOWHERE}/`;
}

export function isFunctionTarget(path: string): boolean {
  return new RegExp(`^https://([a-z0-9]+\\.)?${NOWHERE.replace('.', '\\.')}/`).test(path);
}

/** Calls it, once. */
export async function called(send: Send | undefined, context: SendContext): Promise<Exchange> {
  // A function of another tab, or of an earlier session: it may come back, and the write's time to live ends the wait.
  if (send === undefined) return { kind: 'RequestFailed', cause: 'Host' };
  try {
    return answer(200, 'applied', await send(context));
  } catch (error) {
    if (context.signal.aborted) return { kind: 'RequestFailed', cause: 'Aborted' };
    if (error instanceof NotSent) return { kind: 'RequestFailed', cause: 'Host' };
    const said = statusOf(error);
    return said === undefined ? { kind: 'RequestFailed', cause: 'Network' } : answer(said.status, 'rejected', said.data);
  }
}

function answer(status: number, outcome: string, data: unknown): Exchange {
  const body = JSON.stringify(data) as string | undefined;
  return { kind: 'Responded', response: { status, outcome, retryAfter: undefined, contentType: 'application/json', redirected: false, body, accepted: undefined, names: [] } };
}

/** The server's answer in an error: as `status` and `data` (ours), or in `response` (axios). */
function statusOf(error: unknown): { readonly status: number; readonly data: unknown } | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('status' in error && typeof error.status === 'number' && error.status >= 300) return { status: error.status, data: 'data' in error ? error.data : undefined };
  return 'response' in error ? statusOf(error.response) : undefined;
}
