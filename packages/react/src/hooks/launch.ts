// How the two forms of `useOfflineMutation` become writes of the queue. Knows no React.

import type { MutationDefinition, SendContext, Tidewire, UnnamedOptions, WriteHandle, WriteRequest } from '@tidewire/client';
import type { CacheBinding } from '../cache/bind.js';
import type { Launch, WriteCallbacks } from './write-observer.js';

/** The inline form: a write without a definition. With an `endpoint` the queue sends it, also at the first attempt (A1). */
export type InlineMutation<V, C> = InlineOptions<V, C> & (InlineRequest<V> | InlineFunction<V>);

export interface InlineRequest<V> {
  endpoint: string | ((variables: V) => string);
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Default: an object as JSON; none for a primitive or DELETE. */
  body?: (variables: V) => unknown;
  /** Never called beside an `endpoint`. Kept so that code written for `useMutation` compiles. */
  mutationFn?: (variables: V, context: SendContext) => unknown;
}

export interface InlineFunction<V> {
  endpoint?: undefined;
  /** Sends the write, as often as it takes, with its idempotency key; it lives as long as the page. */
  mutationFn: (variables: V, context: SendContext) => unknown;
}

export interface InlineOptions<V, C> extends WriteCallbacks<V, C> {
  label?: string;
  lane?: string;
  idempotent?: boolean;
  ttl?: number;
  /** Answers of the server that it failed on this very write (5xx) until it is parked: 1 to 100, default 3. What fails on the way uses up none (Q11). */
  maxRetries?: number;
}

/** Where writes go, and the cache in which they show. */
export interface WriteTarget {
  readonly client: Pick<Tidewire<object>, 'submit' | 'outbox'>;
  readonly cache: Pick<CacheBinding, 'capture'>;
}

export function launchNamed<V, C>(client: WriteTarget['client'], definition: MutationDefinition<V>): Launch<V, C> {
  return (variables, { onMutate }) => {
    const context = attempt(() => onMutate?.(variables));
    return { handle: client.submit(definition, variables as NoInfer<V>), context };
  };
}

/** What `onMutate` writes to the cache stands as this write's layer until a base carries the write, or it fails (A3). */
export function launchInline<V, C>(client: WriteTarget['client'], cache: WriteTarget['cache'], form: InlineMutation<V, C>): Launch<V, C> {
  return (variables, { onMutate }) => {
    const capture = cache.capture();
    const context = capture.run(() => onMutate?.(variables));
    context.catch(() => undefined); // an `onMutate` that throws costs its context, not the write
    const options: UnnamedOptions = {
      variables,
      optimistic: (_writer, { writeId }) => capture.adopt(writeId),
      whenParked: 'rollback',
      ...(form.label !== undefined && { label: form.label }),
      ...(form.lane !== undefined && { lane: form.lane }),
      ...(form.idempotent !== undefined && { idempotent: form.idempotent }),
      ...(form.ttl !== undefined && { ttl: form.ttl }),
      ...(form.maxRetries !== undefined && { maxRetries: form.maxRetries }),
    };
    const handle: WriteHandle =
      form.endpoint === undefined
        ? client.submit({ ...options, mutationFn: (sending) => form.mutationFn(variables, sending) })
        : client.submit({ ...options, ...requestOf(form, variables) });
    return { handle, context, refused: () => capture.drop() };
  };
}

function requestOf<V>({ endpoint, method, body }: InlineRequest<V>, variables: V): WriteRequest {
  const path = typeof endpoint === 'function' ? endpoint(variables) : endpoint;
  if (body) return { method, path, body: body(variables) };
  const sent = method !== 'DELETE' && typeof variables === 'object' && variables !== null;
  return sent ? { method, path, body: variables } : { method, path };
}

/** An `onMutate` that throws costs its context, not the write. */
async function attempt<C>(work: () => C | Promise<C> | undefined): Promise<C | undefined> {
  return await work();
}
