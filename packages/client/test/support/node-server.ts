// The official Node socket.io server in this process, as a foreign peer of the client under test.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type ServerOptions, type Socket } from 'socket.io';

export interface NodeServer {
  readonly io: Server;
  readonly url: string;
  stop(): Promise<void>;
}

export async function nodeServer(options: Partial<ServerOptions> = {}, connected: (socket: Socket) => void = () => undefined): Promise<NodeServer> {
  const http = createServer();
  const io = new Server(http, options);
  io.on('connection', connected);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    io,
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    stop: async () => {
      http.closeAllConnections();
      await io.close();
    },
  };
}
