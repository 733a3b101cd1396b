// Every event that the server sends, with its payload: made from the Rust definitions (A6).
export type { ServerEvents as Events } from '../generated/server.ts';
