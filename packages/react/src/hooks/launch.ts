// How the two forms of `useOfflineMutation` become writes of the queue. Knows no React.

import type { MutationDefinition, Tidewire, UnnamedWrite, WriteHandle } from '@tidewire/client';
import type { CacheBinding } from '../cache/bind.js';
import type { Launch, WriteCallbacks } from './write-observer.js';

/** The seed's form: the transport is `endpoint` + `method`, also for the first attempt (A1). */
export interface InlineMutation<V, C> extends WriteCallbacks<V, C> {
  /** Never called: the queue sends by `endpoint` and `method`. Kept so that code written for `useMutation` compiles. */
  mutationFn?: (variables: V) => unknown;
  endpoint: string | ((variables: V) => string);
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Default: an object as JSON; none for a primitive or DELETE. */
  body?: (variables: V) => unknown;
  label?: string;
  lane?: string;
  idempotent?: boolean;
  ttl?: number;
}

export function launchNamed<V, C>(client: Tidewire<object>, definition: MutationDefinition<V>): Launch<V, C> {
  return (variables, { onMutate }) => {
    const context = attempt(() => onMutate?.(variables));
    return { handle: client.submit(definition, variables as NoInfer<V>), context };
  };
}

/** What `onMutate` writes to the cache stands as this write's layer until a base carries the write, or it fails (A3). */
export function launchInline<V, C>(client: Tidewire<object>, cache: CacheBinding, form: InlineMutation<V, C>): Launch<V, C> {
  return (variables, { onMutate }) => {
    const capture = cache.capture();
    const context = attempt(() => capture.run(() => onMutate?.(variables)));
    const request: UnnamedWrite = {
      method: form.method,
      path: typeof form.endpoint === 'function' ? form.endpoint(variables) : form.endpoint,
      variables,
      optimistic: (_writer, { writeId }) => capture.adopt(writeId),
      whenParked: 'rollback',
      ...withBody(form, variables),
      ...(form.label !== undefined && { label: form.label }),
      ...(form.lane !== undefined && { lane: form.lane }),
      ...(form.idempotent !== undefined && { idempotent: form.idempotent }),
      ...(form.ttl !== undefined && { ttl: form.ttl }),
    };
    const handle: WriteHandle = client.submit(request);
    return { handle, context, refused: () => capture.drop() };
  };
}

function withBody<V, C>(form: InlineMutation<V, C>, variables: V): { body?: unknown } {
  if (form.body) return { body: form.body(variables) };
  const sent = form.method !== 'DELETE' && typeof variables === 'object' && variables !== null;
  return sent ? { body: variables } : {};
}

/** An `onMutate` that throws costs its context, not the write. */
async function attempt<C>(work: () => C | Promise<C> | undefined): Promise<C | undefined> {
  return await work();
}
