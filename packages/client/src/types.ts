// The public types of the client: what an app, and the owner of a cache, programs against. Types only: no code, no
// knowledge of the engine's own messages, no platform.
export type * from './types/cache.js';
export type * from './types/connection.js';
export type * from './types/events.js';
export type * from './types/mutations.js';
export type * from './types/requests.js';
export type * from './types/rooms.js';
export type * from './types/rules.js';
export type * from './types/shapes.js';
export type * from './types/tidewire.js';
export type * from './types/writes.js';
