// The one place that reaches into a query of an unmodified TanStack Query v5 client: values on their way into a
// query's state are exchanged before any observer is told, so that nobody ever sees a base without its layers (Q16).
// It shadows `setData` and `setState` on the query object; both are public methods and every value passes one of
// them. Knows nothing of bases or layers.

import type { Query, QueryState, SetDataOptions } from '@tanstack/react-query';

type Options = SetDataOptions & { manual: boolean };
export type StatePart = Partial<QueryState>;

/** What becomes of values on their way in. `pass` puts a value in and tells the observers. */
export interface SeamHandler {
  /** The result of a fetch. */
  fetched(raw: unknown, pass: (data: unknown) => unknown): unknown;
  /** A value that the app wrote with `setQueryData`. */
  written(data: unknown, pass: (data: unknown) => unknown): unknown;
  /** A state that somebody restores: a cancelled fetch, hydration, devtools, a reset. */
  restored(state: StatePart, pass: (state: StatePart) => void): void;
}

export interface Seam {
  /** Puts a state in, past the handler. */
  put(state: StatePart): void;
  restore: RestoreSeam;
}

/** Makes the query as it was. */
export type RestoreSeam = () => void;

export function openSeam(query: Query, handler: SeamHandler): Seam {
  const setData = query.setData.bind(query);
  const setState = query.setState.bind(query);
  query.setData = (data: unknown, options?: Options) => {
    const pass = (value: unknown): unknown => setData(value, options);
    return options?.manual ? handler.written(data, pass) : handler.fetched(data, pass);
  };
  query.setState = (state: StatePart) => handler.restored(state, setState);
  return {
    put: setState,
    restore: () => {
      query.setData = setData;
      query.setState = setState;
    },
  };
}
