// What can be done about a parked write: which words of it can be changed, and what is sent instead. Pure but for the client that it is given.
import type { Tidewire, WriteSnapshot } from '@tidewire/client';
import { createActivity, renameActivity, sendMessage } from './mutations.ts';

type Editor = Pick<Tidewire, 'edit' | 'retry'>;

/** The words of a write that its person may change; undefined where there are none. */
export function wordsOf({ name, variables }: Pick<WriteSnapshot, 'name' | 'variables'>): string | undefined {
  const field = name === sendMessage.name ? 'text' : name === createActivity.name || name === renameActivity.name ? 'title' : undefined;
  return field === undefined ? undefined : text(variables, field);
}

/** Sends it with other words, in the same place of its lane. `version`: of the activity, as its person sees it now. */
export function resend(tw: Editor, { id, name, variables }: Pick<WriteSnapshot, 'id' | 'name' | 'variables'>, words: string, version: number | undefined): void {
  if (typeof variables !== 'object' || variables === null) return;
  if (name === sendMessage.name) tw.edit(id, name, { ...variables, text: words });
  if (name === createActivity.name) tw.edit(id, name, { ...variables, title: words });
  if (name === renameActivity.name) tw.edit(id, name, { ...variables, title: words, ...(version !== undefined && { version }) });
}

/** Tries it again as it is. A title that came too late is wanted over the one that stands there now. */
export function again(tw: Editor, write: Pick<WriteSnapshot, 'id' | 'name' | 'variables' | 'error'>, version: number | undefined): void {
  const words = wordsOf(write);
  if (write.name === renameActivity.name && write.error?.code === 'CONFLICT' && words !== undefined) resend(tw, write, words, version);
  else tw.retry(write.id);
}

function text(variables: unknown, field: string): string | undefined {
  const value: unknown = typeof variables === 'object' && variables !== null ? Reflect.get(variables, field) : undefined;
  return typeof value === 'string' ? value : undefined;
}
