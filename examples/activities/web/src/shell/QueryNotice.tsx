// What stands where a query has nothing to show: it failed, or the network is dark and this device never had it.
import { Button } from '@mantine/core';
import { IconAlertCircle, IconCloudOff } from '@tabler/icons-react';
import type { UseQueryResult } from '@tanstack/react-query';
import { queryNotice } from 'activities-shared/tidewire/queryNotice.ts';
import { Notice } from './Notice.tsx';

/** `what`: like "This chat", or with `many` like "Activities". */
export function QueryNotice({ query, what, many = false }: { query: UseQueryResult<unknown>; what: string; many?: boolean }) {
  const { kind, title, text } = queryNotice(query, what, many);
  if (kind === 'waiting') return <Notice icon={<IconCloudOff size={24} />} title={title}>{text}</Notice>;
  return (
    <Notice
      role="alert"
      icon={<IconAlertCircle size={24} />}
      title={title}
      action={kind === 'failed' && <Button variant="light" radius="xl" onClick={() => void query.refetch()}>Try again</Button>}
    >
      {text}
    </Notice>
  );
}
