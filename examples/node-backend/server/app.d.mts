import type { IncomingHttpHeaders } from 'node:http';
import type { Pool } from 'pg';
import type { Server } from 'socket.io';

export interface App {
  readonly url: string;
  readonly io: Server;
  readonly pool: Pool;
  readonly requests: readonly { readonly method: string; readonly url: string; readonly headers: IncomingHttpHeaders; readonly body: string }[];
  stop(): Promise<void>;
}

export function startApp(options: { database: string; steps?: readonly string[]; port?: number }): Promise<App>;
