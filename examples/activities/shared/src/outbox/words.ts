// What people are told about the queue: why a write is parked, and what is promised to those that wait. Pure.
import type { WriteSnapshot } from '@tidewire/client';
import type { Lane } from './lanes.ts';

/** Why it is parked. `current`: what the thing is called now, where another title was wanted. */
export function reason({ name, error }: Pick<WriteSnapshot, 'name' | 'error'>, current?: string): string {
  if (error?.code === 'CONFLICT' && name === 'activity.rename') {
    return current === undefined ? 'Somebody else renamed it first.' : `Somebody else renamed it first: it is called “${current}” now.`;
  }
  const said = typeof error?.data === 'object' && error.data !== null ? messageIn(error.data) : undefined;
  if (said !== undefined) return `The server says: ${said}.`;
  switch (error?.code) {
    case 'EXPIRED':
      return 'It waited too long.';
    case 'OUT_OF_TRIES':
      return 'The server failed at it repeatedly.';
    case 'CONFLICT':
      return 'Somebody else changed it first.';
    case 'UNKNOWN':
      return 'Nobody can say whether it arrived.';
    case 'PARENT_FAILED':
      return 'Something that it needs was not sent.';
    default:
      return error?.status === undefined ? 'The server did not take it.' : `The server did not take it (${error.status}).`;
  }
}

function messageIn(data: object): string | undefined {
  const error: unknown = Reflect.get(data, 'error');
  if (typeof error !== 'object' || error === null) return undefined;
  const message: unknown = Reflect.get(error, 'message');
  return typeof message === 'string' ? message : undefined;
}

/** What is promised to what waits. */
export function hint(moving: readonly Lane[]): string {
  if (moving.length > 1) return 'Each lane keeps its order, and none waits for another. All of it is stored on this device and goes out by itself.';
  return (moving[0]?.writes.length ?? 0) > 1 ? 'They keep their order. All of it is stored on this device and goes out by itself.' : 'It is stored on this device and goes out by itself.';
}
