// The one error class that an app sees. It knows codes and sentences, never a payload of its own.
import type { ErrorCode } from './types.js';

/** An error with a code to act on; the sentence is for people. */
export class TidewireError extends Error {
  readonly code: ErrorCode | (string & {});
  /** Status of the server's last answer, if there was one. */
  readonly status?: number;
  /** Body of that answer: parsed if it is JSON. */
  readonly data?: unknown;

  constructor(code: ErrorCode | (string & {}), message?: string, answer?: { status?: number; data?: unknown }) {
    super(message ?? SENTENCES[code] ?? code);
    this.name = 'TidewireError';
    this.code = code;
    if (answer?.status !== undefined) this.status = answer.status;
    if (answer?.data !== undefined) this.data = answer.data;
  }
}

const SENTENCES: { readonly [code: string]: string | undefined } = {
  AUTH: 'No auth token available',
  OFFLINE: 'No internet connection',
  TIMEOUT: 'The server did not answer in time',
  UNREACHABLE: 'The server could not be reached',
  OVERLOADED: 'The server is overloaded',
  REFUSED: 'The server refused the session',
  DISCONNECTED: 'Disconnected by the app',
  STOPPED: 'The client was stopped',
  BUFFER_FULL: 'Too many events wait for a connection',
  MAYBE_LOST: 'The connection died before the answer came: the event may or may not have arrived',
  DROPPED: 'The event waited too long for a connection and was not sent',
  QUEUE_FULL: 'The queue is full: wait for the network, or discard parked writes',
  TOO_LARGE: 'The write is too large for the queue: upload the content and send a reference',
  STORE_FULL: 'The device has no room for the write',
  STORE_FAILED: 'The store could not keep the write',
  MALFORMED: 'A name, room, method, path or number of tries is empty, too long or malformed',
  UNKNOWN_MUTATION: 'No mutation of that name was given to createTidewire',
  UNKNOWN_WRITE: 'No such write',
  ALREADY_SENT: 'The write was sent and its outcome is not known yet',
  NOT_PARKED: 'The write is not parked',
  FOLLOWER: 'Another tab sends: act there',
  SUSPENDED: 'The user has signed out',
  RELOAD_NEEDED: 'The store belongs to a newer build: reload the page',
  TOO_MANY_ROOMS: 'Too many rooms are wanted: leave some',
  TOO_MANY_NAMESPACES: 'Too many namespaces are wanted: close some',
  UNKNOWN_NAMESPACE: 'The namespace was not opened',
  LINK_GONE: 'The connection on which the answer was awaited is gone',
  UNKNOWN_EMIT: 'The event was sent and nobody can say whether it arrived',
  PERMANENT: 'The server refused the write',
  CONFLICT: 'Somebody else changed it first',
  OUT_OF_TRIES: 'The server failed at this write too often',
  EXPIRED: 'The write is older than its time to live',
  UNKNOWN: 'The write was sent and nobody can say whether it was applied',
  PARENT_FAILED: 'A write that this one depends on was parked or given up',
  UNNAMED: 'The write that this one depends on succeeded, but its answer did not name what this one mentions',
  NO_CONFLICT: 'The write does not wait for an answer to a conflict',
  KEY_REUSED: 'The idempotency key was used with another payload: this is a bug',
  DISCARDED: 'The write was taken back',
  CANCELLED: 'The write and the one that undoes it were never sent',
};
