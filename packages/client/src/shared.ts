// What both entries export besides `createTidewire`.
export type * from './types.js';
export type * from './ports/port.js';
export type { TidewireOptions } from './client.js';
export type { TokenSource } from './host/tokens.js';
export type { PollingOptions } from './ports/polling.js';
export type { IndexedDbOptions } from './ports/indexeddb-store.js';
export { EmitClass, plain, reliable, volatile } from './emit-class.js';
export { TidewireError } from './errors.js';
export { NotSent } from './host/functions.js';
export { defineMutation, defineRules, insert, invalidate, patch, remove } from './rules.js';
export { browser } from './ports/browser.js';
export { systemClock } from './ports/clock.js';
export { indexedDbStore } from './ports/indexeddb-store.js';
export { memoryStore } from './ports/memory-store.js';
export { longPolling } from './ports/polling.js';
export { censusOf, StoreFault } from './ports/port.js';
