// What stands where a query has nothing to show: it failed, or the network is dark and this device never had it.
import type { UseQueryResult } from '@tanstack/react-query';
import { ApiError } from '../tidewire/shared';
import { Button, Notice } from './parts';

export function QueryNotice({ query, what }: { query: UseQueryResult<unknown>; what: string }) {
  if (query.isPaused || (query.isError && !(query.error instanceof ApiError))) {
    return <Notice title={`${what} not on this device yet`}>It loads by itself as soon as there is a connection.</Notice>;
  }
  const gone = query.error instanceof ApiError && query.error.status === 404;
  if (gone) return <Notice title="It is gone">Somebody may have deleted it.</Notice>;
  return (
    <Notice title={`${what} not loaded`} action={<Button onPress={() => void query.refetch()}>Try again</Button>}>
      {query.error?.message ?? ''}
    </Notice>
  );
}
