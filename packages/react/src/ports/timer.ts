// The only place with timers. Nothing is set at import.

/** Calls `run` once after `ms`; the answer cancels it. */
export type Timer = (ms: number, run: () => void) => () => void;

export const hostTimer: Timer = (ms, run) => {
  const id = setTimeout(run, ms);
  return () => clearTimeout(id);
};
