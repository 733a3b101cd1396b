// Every number of this package, in one place (units in the names).

/** Changes by events are shown at once, then at most once in this time (Y5). */
export const FRAME_MS = 16;
/** A query is fetched again because of events at most once in this time (Y5). */
export const REFETCH_WINDOW_MS = 500;
/** A room is left this long after its last component (A, `useRoom`). */
export const ROOM_LINGER_MS = 30_000;
/** The connection is given up this long after the last provider (C9). */
export const RELEASE_MS = 100;
/** Stored bases that are taken at start, newest first; the others are removed from the store. */
export const STORED_BASES = 200;
/** An `onMutate` that has not ended by then holds up the next one no longer (A3). */
export const CAPTURE_MS = 2_000;
