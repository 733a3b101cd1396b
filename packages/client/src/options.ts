// What an app says once, when it makes a client, and what of it the engine is told.
import type { CreateEngine } from './engine/binding.js';
import type { Config, OriginKind as EngineOrigin, OriginRule } from './generated/protocol.js';
import { originOf } from './host/origin.js';
import type { TokenSource } from './host/tokens.js';
import type { Platform, SocketPort } from './ports/port.js';
import type {
  AnswerFacts, AnyEvents, AnyMutation, EmitClasses, ForeignRooms, LogNote, OriginKind, QueueLimits, RequestPort, SyncRules,
} from './types.js';

export interface TidewireOptions<E extends object = AnyEvents> {
  /** Origin of the backend; '' is the page's. */
  readonly url: string;
  /** Id of the signed-in user. Another user needs another client: the store is split by it. */
  readonly user: string;
  readonly app?: string;
  readonly env?: string;
  /** Asked at each attempt; `fresh` when the last one was refused. Null: not signed in. Left out: none is needed. */
  readonly token?: TokenSource;
  /** Sends the queue's requests; default: `fetch` with a bearer token. */
  readonly request?: RequestPort;
  /** Whether a response is the app's own server speaking, and not a captive portal (Q10); default: not redirected, of an expected type. */
  readonly isAnswer?: (response: AnswerFacts) => boolean;
  /** What stands at other origins, by `scheme://host[:port]`; one that is not listed is `plain` (Q9). */
  readonly origins?: { readonly [origin: string]: OriginKind };
  /** How much the queue may hold. */
  readonly queue?: QueueLimits;
  /** Another `fetch` than the platform's, for `client.fetch` and the default `request`. */
  readonly fetch?: typeof fetch;
  readonly backend?: 'tidewire' | 'foreign';
  readonly platform?: Platform;
  readonly mutations?: readonly AnyMutation[];
  readonly rules?: SyncRules<E>;
  /** The class of each event that the app emits: `plain()`, `reliable()` or `volatile()`; default `plain()`. */
  readonly emits?: EmitClasses<E>;
  /** Milliseconds that an emit waits for a connection, or for its acknowledgement. */
  readonly emitTimeout?: number;
  /** Path of the socket on the backend. */
  readonly path?: string;
  readonly namespace?: string;
  /** An event that a foreign server acknowledges at once, to find out whether a link still lives. */
  readonly probeEvent?: string;
  /** How a foreign server is asked for rooms; default: as ours is, `room:join {roomId}` and `room:leave {roomId}`. */
  readonly rooms?: ForeignRooms;
  /** How packets travel: `msgpack` of `@tidewire/client/msgpack`, for a server that uses `socket.io-msgpack-parser`. Default: as text. */
  readonly parser?: (port: SocketPort) => SocketPort;
  /** Keeps what the engine is told: `recorder()` of `@tidewire/client/recording`. */
  readonly recording?: { around(create: CreateEngine): CreateEngine };
  readonly log?: (note: LogNote) => void;
}

const ORIGINS: { readonly [K in OriginKind]: EngineOrigin } = {
  tidewire: { kind: 'Tidewire' },
  keyed: { kind: 'Keyed', style: 'Quoted' },
  'keyed-bare': { kind: 'Keyed', style: 'Bare' },
  plain: { kind: 'Plain' },
};

/** As in the engine's `limits`. */
const DEFAULT_QUEUE = { pending: 100, pendingBytes: 4 * 1024 * 1024, parked: 400, parkedBytes: 16 * 1024 * 1024 };

/** An absolute URL of the app's own backend is as good as a path on it. */
function originsOf<E extends object>({ url, backend, origins = {} }: TidewireOptions<E>): OriginRule[] {
  const own = backend === 'foreign' ? '' : originOf(url);
  const listed = own === '' ? origins : { [own]: 'tidewire' as const, ...origins };
  return Object.entries(listed).map(([origin, kind]) => ({ origin, kind: ORIGINS[kind] }));
}

/** What the engine is told of them. */
export function configOf<E extends object>(options: TidewireOptions<E>, platform: Platform): Config {
  const { rooms } = options;
  return {
    partition: [options.app ?? 'app', options.env ?? 'default', options.user].map(encodeURIComponent).join('|'),
    server: options.backend === 'foreign' ? 'Foreign' : 'Tidewire',
    namespace: options.namespace ?? '/',
    origins: originsOf(options),
    queue: options.queue === undefined ? undefined : { ...DEFAULT_QUEUE, ...options.queue },
    polling: platform.polling !== undefined,
    probeEvent: options.probeEvent,
    join: rooms === undefined ? undefined : { event: rooms.join, leave: rooms.leave, key: rooms.key, answers: rooms.answers ?? true },
  };
}
