// What stands where a query has nothing to show: it failed, or the network is dark and this device never had it.
import { Button } from '@mantine/core';
import { IconAlertCircle, IconCloudOff } from '@tabler/icons-react';
import type { UseQueryResult } from '@tanstack/react-query';
import { ApiError } from '../tidewire/api.ts';
import { Notice } from './Notice.tsx';

export function QueryNotice({ query, what }: { query: UseQueryResult<unknown>; what: string }) {
  if (query.isPaused || (query.isError && !(query.error instanceof ApiError))) {
    return (
      <Notice icon={<IconCloudOff size={24} />} title={`${what} not on this device yet`}>
        It loads by itself as soon as there is a connection.
      </Notice>
    );
  }
  const gone = query.error instanceof ApiError && query.error.status === 404;
  return (
    <Notice
      role="alert"
      icon={<IconAlertCircle size={24} />}
      title={gone ? 'It is gone' : `${what} could not be loaded`}
      action={!gone && <Button variant="light" onClick={() => void query.refetch()}>Try again</Button>}
    >
      {gone ? 'Somebody may have deleted it.' : query.error?.message}
    </Notice>
  );
}
