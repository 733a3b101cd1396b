import type { Pool, PoolClient } from 'pg';

export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

export class Refused extends Error implements Reply {
  constructor(status: number, code: string);
  readonly status: number;
  readonly body: unknown;
}

export const ONCE_TABLE: string;
export function once(pool: Pool, write: { person: string; key: string; request: string }, work: (tx: PoolClient) => Promise<Reply>): Promise<Reply>;
