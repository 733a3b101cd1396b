// Entry `@tidewire/client/socket.io`: the client in the shape of the official `socket.io-client`, for apps that change one import first and the rest later. It only renames and
// reorders; what it cannot give is listed in docs/guides/from-socket-io.md. One link per socket.
// All from the main entry, which is built apart: a second copy of its classes would not be known there.
import { browser, createTidewire, longPolling, plain, TidewireError, volatile } from './index.js';
import type { Platform } from './ports/port.js';
import { Links } from './socket-io/engine.js';
import { Manager } from './socket-io/manager.js';
import type { ConnectionSnapshot, Tidewire } from './types.js';

export type { Engine } from './socket-io/engine.js';
export type { Manager, ManagerEvents } from './socket-io/manager.js';

export type Auth = { readonly token?: string };

export interface ManagerOptions {
  /** Only `token` reaches the server. */
  readonly auth?: Auth | ((give: (auth: Auth) => void) => void);
  readonly query?: { readonly [name: string]: string | number | boolean };
  readonly path?: string;
  readonly transports?: readonly ('websocket' | 'polling')[];
  readonly withCredentials?: boolean;
  readonly autoConnect?: boolean;
  readonly reconnection?: boolean;
  /** How often it tries again after a failure, until it gives up: for ever, if it is not said. */
  readonly reconnectionAttempts?: number;
  /** Milliseconds that a try to connect may take. */
  readonly timeout?: number;
  /** Milliseconds that an acknowledgement may take; then its callback gets an error first. */
  readonly ackTimeout?: number;
  /** Parts of the platform to replace, as in `createTidewire`. */
  readonly platform?: Partial<Platform>;
}

export type Listener = (...args: never[]) => unknown;
type AnyListener = (event: string, ...args: unknown[]) => unknown;
type DisconnectReason = 'io client disconnect' | 'io server disconnect' | 'ping timeout' | 'transport close';

/** Emits wait as long as the page lives, as the official client's do. */
const FOR_EVER = 24 * 60 * 60 * 1000;
const RESERVED: ReadonlySet<string> = new Set(['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener']);

/** Makes a socket, and connects it unless `autoConnect` is false. */
export function io(uri: string, options: ManagerOptions = {}): Socket {
  const socket = new Socket(uri, options);
  if (options.autoConnect !== false) socket.connect();
  return socket;
}
export { io as connect, io as default };

interface Flags {
  readonly volatile?: boolean;
  readonly timeout?: number;
}

export class Socket {
  /** The client behind it: the queue, rooms and everything else. */
  readonly client: Tidewire;
  /** The tries to connect, and the link. */
  readonly io: Manager;
  /** Asked at each try to connect: may be another one by then. Only `token` reaches the server. */
  auth: NonNullable<ManagerOptions['auth']>;
  readonly #links: Links;
  readonly #ackTimeout: number | undefined;
  #flags: Flags = {};
  #last: ConnectionSnapshot = { status: 'idle' };
  #listeners: { readonly event: string; readonly listener: Listener; readonly call: Listener }[] = [];
  #any: AnyListener[] = [];
  #outgoing: AnyListener[] = [];

  constructor(uri: string, { auth = {}, query, path, transports, withCredentials, reconnection = true, reconnectionAttempts = Infinity, timeout, ackTimeout, platform }: ManagerOptions) {
    const { origin, pathname, search } = new URL(uri, 'location' in globalThis ? location.href : undefined);
    const page = browser();
    const polling = longPolling(withCredentials === true ? { credentials: 'include' } : {});
    const links = new Links(timeout);
    const watched = { polling: links.around(platform?.polling ?? polling, 'polling'), socket: links.around(platform?.socket ?? page.socket, 'websocket') };
    const ports = { socket: transports?.[0] === 'polling' ? watched.polling : watched.socket, ...(transports === undefined || transports.length > 1 ? { polling: watched.polling } : {}) };
    const { polling: _default, ...rest } = page;
    const words = new URLSearchParams([...new URLSearchParams(search), ...Object.entries(query ?? {}).map(([name, value]): [string, string] => [name, String(value)])]);
    const place = path === undefined ? '/socket.io/' : path.endsWith('/') ? path : `${path}/`;
    this.#links = links;
    this.io = new Manager(links, { reconnection, reconnectionAttempts }, () => this.client.disconnect());
    this.auth = auth;
    this.#ackTimeout = ackTimeout;
    this.client = createTidewire({
      url: origin,
      user: 'socket.io',
      backend: 'foreign',
      emitTimeout: FOR_EVER,
      platform: { ...rest, ...platform, ...ports },
      path: words.size === 0 ? place : `${place}?${words.toString()}`,
      ...(pathname === '/' ? {} : { namespace: pathname }),
      token: () => tokenOf(this.auth),
    });
    this.client.connection.subscribe(() => this.#changed(this.client.connection.get()));
    this.client.onAny((event, { args, reply }) => this.#heard(event, reply === undefined ? args : [...args, reply]));
  }

  get id(): string | undefined {
    const now = this.client.connection.get();
    return now.status === 'connected' ? now.sid : undefined;
  }
  get connected(): boolean {
    return this.id !== undefined;
  }
  get disconnected(): boolean {
    return !this.connected;
  }
  /** It is connected, or tries to be. */
  get active(): boolean {
    const { status } = this.client.connection.get();
    return status !== 'idle' && status !== 'refused';
  }
  /** The next emit is dropped where it cannot leave at once. */
  get volatile(): this {
    this.#flags = { ...this.#flags, volatile: true };
    return this;
  }

  connect(): this {
    this.io.renew();
    this.client.connect().catch(() => undefined);
    return this;
  }
  open(): this {
    return this.connect();
  }
  disconnect(): this {
    this.client.disconnect();
    return this;
  }
  close(): this {
    return this.disconnect();
  }
  /** The acknowledgement of the next emit has this long. */
  timeout(milliseconds: number): this {
    this.#flags = { ...this.#flags, timeout: milliseconds };
    return this;
  }
  /** Compression is the transport's. */
  compress(_on: boolean): this {
    return this;
  }

  send(...args: unknown[]): this {
    return this.emit('message', ...args);
  }

  /** A function at the end gets the acknowledgement: its first argument, after an error or null where there is a timeout. */
  emit(event: string, ...args: unknown[]): this {
    const acknowledged = args.at(-1);
    if (typeof acknowledged !== 'function') {
      const { emitClass } = this.#begin(event, args);
      this.client.emit(event, ...args, emitClass);
      return this;
    }
    const sent = args.slice(0, -1);
    const { emitClass, timeout } = this.#begin(event, sent);
    const call = acknowledged as (...given: unknown[]) => unknown;
    this.client.emitWithAck(event, ...sent, emitClass).then(
      (answer) => call(...(timeout === undefined ? [] : [null]), answer),
      (error: TidewireError) => timeout !== undefined && call(ackError(error)),
    );
    return this;
  }

  async emitWithAck(event: string, ...args: unknown[]): Promise<unknown> {
    const { emitClass } = this.#begin(event, args);
    try {
      return await this.client.emitWithAck(event, ...args, emitClass);
    } catch (error) {
      throw ackError(error as TidewireError);
    }
  }

  on(event: string, listener: Listener): this {
    this.#listeners = [...this.#listeners, { event, listener, call: listener }];
    return this;
  }
  once(event: string, listener: Listener): this {
    const call: Listener = (...args) => {
      this.off(event, listener);
      return listener(...args);
    };
    this.#listeners = [...this.#listeners, { event, listener, call }];
    return this;
  }
  /** One registration of `listener`, all of the event's, or all. */
  off(event?: string, listener?: Listener): this {
    const one = listener && this.#listeners.find((entry) => entry.event === event && entry.listener === listener);
    this.#listeners = this.#listeners.filter((entry) => (listener ? entry !== one : event !== undefined && entry.event !== event));
    return this;
  }
  removeListener(event: string, listener?: Listener): this {
    return this.off(event, listener);
  }
  removeAllListeners(event?: string): this {
    return this.off(event);
  }
  listeners(event: string): Listener[] {
    return this.#listeners.filter((entry) => entry.event === event).map(({ listener }) => listener);
  }
  hasListeners(event: string): boolean {
    return this.listeners(event).length > 0;
  }

  onAny(listener: AnyListener): this {
    this.#any = [...this.#any, listener];
    return this;
  }
  prependAny(listener: AnyListener): this {
    this.#any = [listener, ...this.#any];
    return this;
  }
  offAny(listener?: AnyListener): this {
    this.#any = listener ? this.#any.filter((one) => one !== listener) : [];
    return this;
  }
  listenersAny(): AnyListener[] {
    return [...this.#any];
  }
  onAnyOutgoing(listener: AnyListener): this {
    this.#outgoing = [...this.#outgoing, listener];
    return this;
  }
  prependAnyOutgoing(listener: AnyListener): this {
    this.#outgoing = [listener, ...this.#outgoing];
    return this;
  }
  offAnyOutgoing(listener?: AnyListener): this {
    this.#outgoing = listener ? this.#outgoing.filter((one) => one !== listener) : [];
    return this;
  }

  listenersAnyOutgoing(): AnyListener[] {
    return [...this.#outgoing];
  }

  #begin(event: string, args: readonly unknown[]): { emitClass: ReturnType<typeof plain>; timeout: number | undefined } {
    if (RESERVED.has(event)) throw new Error(`"${event}" is a reserved event name`);
    const { volatile: dropped = false, timeout = this.#ackTimeout } = this.#flags;
    this.#flags = {};
    for (const listener of this.#outgoing) listener(event, ...args);
    return { emitClass: dropped ? volatile() : plain(timeout === undefined ? {} : { timeout }), timeout };
  }

  #heard(event: string, args: readonly unknown[]): void {
    for (const listener of this.#any) listener(event, ...args);
    this.#tell(event, ...args);
  }

  #tell(event: string, ...args: readonly unknown[]): void {
    for (const { call } of this.#listeners.filter((entry) => entry.event === event)) call(...(args as never[]));
  }

  #changed(now: ConnectionSnapshot): void {
    const before = this.#last;
    this.#last = now;
    const closed = before.status !== 'connected' ? undefined : now.status === 'connected' ? 'transport close' : reasonOf(now);
    const failure = closed === undefined ? this.#failureOf(now) : undefined;
    // In the official order: what ends is told to the socket first, what begins to the manager.
    if (closed !== undefined) this.#tell('disconnect', closed);
    if (failure !== undefined) this.#tell('connect_error', failure);
    this.io.hear(before, now, closed, failure);
    if (now.status === 'connected') this.#tell('connect');
  }

  /** What a try came to, if this state says that it failed. */
  #failureOf(now: ConnectionSnapshot): TidewireError | undefined {
    if (now.status === 'refused') return new TidewireError(now.code, now.message);
    // After a refusal a fresh token is tried once more: the next state is the server's last word.
    if (now.status !== 'waiting' || now.reason === 'Refused') return undefined;
    if (this.#links.timedOut) return new TidewireError('TIMEOUT', 'timeout');
    return new TidewireError(now.reason === 'AttemptTimeout' ? 'TIMEOUT' : 'UNREACHABLE');
  }
}

function reasonOf(now: ConnectionSnapshot): DisconnectReason {
  if (now.status === 'idle') return 'io client disconnect';
  if (now.status !== 'waiting') return 'transport close';
  return now.reason === 'ServerClosed' ? 'io server disconnect' : now.reason === 'Silent' ? 'ping timeout' : 'transport close';
}

function ackError({ code }: TidewireError): Error {
  return new Error(code === 'TIMEOUT' || code === 'DROPPED' ? 'operation has timed out' : 'socket has been disconnected');
}

/** Undefined: the server is told none, as the official client does it. */
function tokenOf(auth: NonNullable<ManagerOptions['auth']>): Promise<string | undefined> {
  return new Promise((resolve) => {
    const give = ({ token }: Auth): void => resolve(token);
    if (typeof auth === 'function') auth(give);
    else give(auth);
  });
}
