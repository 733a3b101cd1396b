// What is said where a query has nothing to show: it failed, or the network is dark and this device never had it. Pure.
import type { UseQueryResult } from '@tanstack/react-query';
import { ApiError } from './api.ts';

export interface QueryWords {
  /** `waiting`: it loads by itself. `gone`: it will not come. `failed`: one may try again. */
  readonly kind: 'waiting' | 'gone' | 'failed';
  readonly title: string;
  readonly text: string;
}

/** `what`: like "This chat", or with `many` like "Activities". */
export function queryNotice({ isPaused, isError, error }: Pick<UseQueryResult<unknown>, 'isPaused' | 'isError' | 'error'>, what: string, many = false): QueryWords {
  if (isPaused || (isError && !(error instanceof ApiError))) {
    return {
      kind: 'waiting',
      title: `${what} ${many ? 'are' : 'is'} not on this device yet`,
      text: `${many ? 'They load by themselves' : 'It loads by itself'} as soon as there is a connection.`,
    };
  }
  if (error instanceof ApiError && error.status === 404) return { kind: 'gone', title: 'It is gone', text: 'Somebody may have deleted it.' };
  return { kind: 'failed', title: `${what} could not be loaded`, text: sentence(error?.message ?? 'Nobody knows why.') };
}

/** Servers say "closed on Sundays"; people read "Closed on Sundays." */
function sentence(words: string): string {
  return words.slice(0, 1).toUpperCase() + words.slice(1) + (/[.!?]$/.test(words) ? '' : '.');
}
