// What stands where a query has nothing to show: it failed, or the network is dark and this device never had it.
import type { UseQueryResult } from '@tanstack/react-query';
import { queryNotice } from 'activities-shared/tidewire/queryNotice.ts';
import { Button, Notice } from './parts';

/** `what`: like "This chat", or with `many` like "Activities". */
export function QueryNotice({ query, what, many = false }: { query: UseQueryResult<unknown>; what: string; many?: boolean }) {
  const { kind, title, text } = queryNotice(query, what, many);
  return <Notice title={title} action={kind === 'failed' && <Button onPress={() => void query.refetch()}>Try again</Button>}>{text}</Notice>;
}
