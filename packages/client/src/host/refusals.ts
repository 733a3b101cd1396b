// The engine's typed refusals as errors for the app.
import { TidewireError } from '../errors.js';
import type { Refusal, StoreError } from '../generated/protocol.js';
import type { ErrorCode } from '../types.js';

const REFUSALS: { readonly [K in Refusal]: ErrorCode } = {
  QueueFull: 'QUEUE_FULL',
  TooLarge: 'TOO_LARGE',
  BufferFull: 'BUFFER_FULL',
  Malformed: 'MALFORMED',
  UnknownWrite: 'UNKNOWN_WRITE',
  AlreadySent: 'ALREADY_SENT',
  NotParked: 'NOT_PARKED',
  NoConflict: 'NO_CONFLICT',
  Follower: 'FOLLOWER',
  TooManyRooms: 'TOO_MANY_ROOMS',
  Suspended: 'SUSPENDED',
  ReloadNeeded: 'RELOAD_NEEDED',
  TooManyNamespaces: 'TOO_MANY_NAMESPACES',
  UnknownNamespace: 'UNKNOWN_NAMESPACE',
  LinkGone: 'LINK_GONE',
};

const STORE: { readonly [K in StoreError]: ErrorCode } = { Full: 'STORE_FULL', Failed: 'STORE_FAILED', Fenced: 'STORE_FAILED', Newer: 'RELOAD_NEEDED' };

export function refusalError(refusal: Refusal): TidewireError {
  return new TidewireError(REFUSALS[refusal]);
}

export function storeError(error: StoreError): TidewireError {
  return new TidewireError(STORE[error]);
}
