'use client';
// A write of the queue as a component sees it: submit it, follow it.

import { useCallback, useInsertionEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import type { MutationDefinition, WriteHandle } from '@tidewire/client';
import { useScope } from './context.js';
import { launchInline, launchNamed, type InlineMutation, type WriteTarget } from './launch.js';
import { dataOf, WriteObserver, type WriteCallbacks, type WriteStateOf } from './write-observer.js';

export interface OfflineMutation<V> extends WriteStateOf<V> {
  mutate: (variables: V) => void;
  /** Resolves with the answer's body, which may be long after a reload would have ended this page. */
  mutateAsync: (variables: V) => Promise<unknown>;
  /** Tells at once what will be known: `{id, durable, acknowledged, settled, cancel}`. */
  submit: (variables: V) => WriteHandle;
}

/** A definition survives restarts with its layer; the inline form has callbacks and a layer for this session only. */
export function useOfflineMutation<V, C = unknown>(definition: MutationDefinition<V>, callbacks?: WriteCallbacks<V, C>): OfflineMutation<V>;
export function useOfflineMutation<V, C = unknown>(form: InlineMutation<V, C>): OfflineMutation<V>;
export function useOfflineMutation<V, C>(form: MutationDefinition<V> | InlineMutation<V, C>, callbacks?: WriteCallbacks<V, C>): OfflineMutation<V> {
  return useWrites(useScope(), form, callbacks);
}

/** The same over any queue; `client` and `cache` must keep their identity. */
export function useWrites<V, C>(
  { client, cache }: WriteTarget,
  form: MutationDefinition<V> | InlineMutation<V, C>,
  callbacks: WriteCallbacks<V, C> | undefined,
): OfflineMutation<V> {
  const latest = useRef({ form, callbacks });
  useInsertionEffect(() => {
    latest.current = { form, callbacks };
  });
  const observer = useMemo(() => new WriteObserver<V, C>(client, () => callbacksOf(latest.current)), [client]);
  const state = useSyncExternalStore(observer.subscribe, observer.get, observer.get);
  const submit = useCallback(
    (variables: V) => {
      const now = latest.current.form;
      return observer.launch('name' in now ? launchNamed(client, now) : launchInline(client, cache, now), variables);
    },
    [client, cache, observer],
  );
  const actions = useMemo(
    () => ({
      submit,
      mutate: (variables: V) => void submit(variables),
      mutateAsync: (variables: V) => {
        const handle = submit(variables);
        return handle.durable.then(() => handle.acknowledged).then(dataOf);
      },
    }),
    [submit],
  );
  return useMemo(() => ({ ...state, ...actions }), [state, actions]);
}

function callbacksOf<V, C>(now: { form: MutationDefinition<V> | InlineMutation<V, C>; callbacks: WriteCallbacks<V, C> | undefined }): WriteCallbacks<V, C> {
  // A definition's own onSuccess and onError are called by the client, which outlives this component.
  return 'name' in now.form ? (now.callbacks ?? {}) : now.form;
}
