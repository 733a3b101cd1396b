// Entry for the web and Node: the engine as WebAssembly, inline.
export type * from './types.js';
export { TidewireError } from './errors.js';
export { defineMutation, defineRules, insert, invalidate, patch, remove } from './rules.js';
