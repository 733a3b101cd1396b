// What stands where a query has nothing to show: it failed, or the network is dark and this device never had it.
import { Button } from '@mantine/core';
import { IconAlertCircle, IconCloudOff } from '@tabler/icons-react';
import type { UseQueryResult } from '@tanstack/react-query';
import { ApiError } from '../tidewire/api.ts';
import { Notice } from './Notice.tsx';

/** `what`: like "This chat", or with `many` like "Activities". */
export function QueryNotice({ query, what, many = false }: { query: UseQueryResult<unknown>; what: string; many?: boolean }) {
  if (query.isPaused || (query.isError && !(query.error instanceof ApiError))) {
    return (
      <Notice icon={<IconCloudOff size={24} />} title={`${what} ${many ? 'are' : 'is'} not on this device yet`}>
        {many ? 'They load by themselves' : 'It loads by itself'} as soon as there is a connection.
      </Notice>
    );
  }
  const gone = query.error instanceof ApiError && query.error.status === 404;
  return (
    <Notice
      role="alert"
      icon={<IconAlertCircle size={24} />}
      title={gone ? 'It is gone' : `${what} could not be loaded`}
      action={!gone && <Button variant="light" radius="xl" onClick={() => void query.refetch()}>Try again</Button>}
    >
      {gone ? 'Somebody may have deleted it.' : sentence(query.error?.message ?? 'Nobody knows why.')}
    </Notice>
  );
}

/** Servers say "closed on Sundays"; people read "Closed on Sundays." */
function sentence(words: string): string {
  return words.slice(0, 1).toUpperCase() + words.slice(1) + (/[.!?]$/.test(words) ? '' : '.');
}
