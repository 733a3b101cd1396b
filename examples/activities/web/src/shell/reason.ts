// Why a write is parked, for people. Pure.
import type { WriteSnapshot } from '@tidewire/client';

/** `current`: what the thing is called now, where another title was wanted. */
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
