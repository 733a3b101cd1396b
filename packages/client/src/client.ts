// The client: what an app holds. Puts the parts together and turns calls into intents for the engine of the current session.
import { TidewireError } from './errors.js';
import type { CreateEngine } from './engine/binding.js';
import type { EmitClass } from './emit-class.js';
import type { Command, CommandResult, Submission } from './generated/protocol.js';
import { parsed } from './host/json.js';
import { Bridge } from './host/bridge.js';
import { Notifier } from './host/cell.js';
import { Connection } from './host/connection.js';
import { deferred, type Deferred } from './host/deferred.js';
import { Definitions, unknownMutation, type Prepared } from './host/definitions.js';
import { Listeners } from './host/listeners.js';
import { Names } from './host/names.js';
import { Namespaces } from './host/namespaces.js';
import { configOf, type TidewireOptions } from './options.js';
import { Passes } from './host/passes.js';
import { Reads } from './host/reads.js';
import { refusalError } from './host/refusals.js';
import { fetchPort } from './host/requests.js';
import { Rooms } from './host/rooms.js';
import { Session, type SessionParts, type SessionSettings } from './host/session.js';
import { Tokens } from './host/tokens.js';
import { Writes, type WriteFacts } from './host/writes.js';
import { browser } from './ports/browser.js';
import type {
  AnyEvents, AnyMutation, ConflictDecision, EventHandler, ExportedWrite, LogNote, LogoutOptions, LogoutResult, MutationDefinition, Namespace,
  ProcessResult, SyncRules, Tidewire, UnnamedWrite, UnsentWrites, WriteHandle,
} from './types.js';

export type { TidewireOptions };

/** Milliseconds that a logout waits for writes to be given up. */
const GIVE_UP = 2_000;

export function newClient<E extends object>(options: TidewireOptions<E>, createEngine: CreateEngine): Tidewire<E> {
  return new Client(options, createEngine);
}

class Client<E extends object> implements Tidewire<E> {
  readonly user: string;
  readonly rules: SyncRules<E> | undefined;
  readonly #settings: SessionSettings;
  readonly #parts: SessionParts;
  readonly #ready = deferred<void>();
  readonly #reads: Reads;
  #session: Session | undefined;
  #clientId: string | undefined;
  /** `connect` was called and `disconnect` was not: a new session connects too. */
  #wanted = false;
  #processing = true;
  #refusals = 0;
  /** The user has left: this client is over. */
  #left = false;
  readonly #exports: Deferred<readonly ExportedWrite[]>[] = [];

  constructor(options: TidewireOptions<E>, createEngine: CreateEngine) {
    this.user = options.user;
    this.rules = options.rules;
    const platform = options.platform ?? browser();
    const log = (note: LogNote): void => options.log?.(note);
    const report = (error: unknown): void => log({ level: 'error', note: "the app's own code threw", error });
    const notifier = new Notifier(report);
    const unique = (): string => [...this.#settings.platform.random.seed().subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    const tokens = new Tokens(options.token);
    const send = options.fetch ?? ((input: RequestInfo | URL, init?: RequestInit) => fetch(input, init));
    this.#settings = {
      createEngine: options.recording?.around(createEngine) ?? createEngine,
      platform,
      url: options.url,
      path: options.path ?? '/socket.io/',
      config: configOf(options, platform),
      request: options.request ?? fetchPort(send),
      app: {
        sender: (write) => this.#parts.writes.sender(write),
        realId: (write, answer, temp) => this.#parts.writes.facts(write)?.definition?.realId?.(answer, temp),
        isAnswer: (response) => options.isAnswer?.(response),
        isOurs: (origin) => options.origins?.[origin] === 'tidewire',
      },
      emits: {
        timeout: options.emitTimeout ?? 10_000,
        classOf: (name) => (options.emits as { readonly [name: string]: EmitClass<never> | undefined } | undefined)?.[name],
        lost: (name, code) => log({ level: 'warn', note: `event ${name}: ${code}` }),
      },
      parser: options.parser ?? ((port) => port),
    };
    this.#parts = {
      bridge: new Bridge({
        user: options.user,
        push: () => {
          const session = this.#session;
          return session === undefined ? undefined : (input) => session.push(input);
        },
        drain: () => this.#session?.drain(),
        scheduleFlush: () => this.#session?.scheduleFlush(),
        attached: () => this.#session?.restoreBases(),
      }),
      connection: new Connection(notifier),
      definitions: new Definitions(options.mutations ?? [], {
        unique,
        log: (note) => log({ level: 'warn', note }),
        changed: () => this.#session?.push(this.#parts.definitions.known()),
      }),
      names: new Names(notifier, unique),
      passes: new Passes(),
      user: options.user,
      exported: (json) => {
        const writes = parsed(json) as readonly ExportedWrite[];
        for (const wanted of this.#exports.splice(0)) wanted.resolve(writes);
      },
      listeners: new Listeners(report),
      namespaces: new Namespaces(notifier, report),
      notifier,
      rooms: new Rooms(notifier),
      tokens,
      writes: new Writes(notifier, {
        user: options.user,
        leads: () => this.#session?.leads ?? false,
        cancel: (write) => this.#accepted({ kind: 'Cancel', write }),
        resolve: (write, facts, decision) => this.#resolve(write, facts, decision),
        report,
      }),
      log,
      client: (id) => {
        this.#clientId = id;
      },
      ready: () => this.#ready.resolve(),
      broken: () => this.stop(),
    };
    // A foreign backend gets no header of ours: its CORS rules would refuse the request (Q9).
    this.#reads = new Reads(options.url, tokens, () => (this.#settings.config.server === 'Foreign' ? undefined : this.#clientId), send, (origin) =>
      this.#session?.push({ kind: 'Reached', origin }),
    );
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }
  get connection(): Tidewire<E>['connection'] {
    return this.#parts.connection.snapshot;
  }
  get outbox(): Tidewire<E>['outbox'] {
    return this.#parts.writes.snapshot;
  }

  start(): void {
    if (this.#session !== undefined || this.#left) return;
    const session = new Session(this.#settings, this.#parts);
    this.#session = session;
    const wishes = [...this.#parts.namespaces.wishes(), ...this.#parts.rooms.wishes()];
    if (!this.#processing) wishes.push({ kind: 'SetProcessing', on: false });
    if (this.#wanted) wishes.push({ kind: 'Connect' });
    session.begin(wishes);
  }

  stop(): void {
    const session = this.#session;
    if (session === undefined) return;
    session.stop();
    this.#session = undefined;
    this.#parts.connection.stop();
    this.#parts.rooms.stop();
    this.#parts.namespaces.stop();
    this.#parts.passes.stop();
    this.#parts.writes.stop();
    this.#parts.bridge.closed();
    this.#parts.notifier.flush();
  }

  connect(): Promise<void> {
    this.#wanted = true;
    return this.#parts.connection.connect(() => this.#intend({ kind: 'Connect' }));
  }

  disconnect(): void {
    this.#wanted = false;
    this.#session?.command({ kind: 'Disconnect' });
  }

  readonly on: Tidewire<E>['on'] = (event, handler) => this.#parts.listeners.add(event, handler as EventHandler<unknown>, false);
  readonly listen: Tidewire<E>['listen'] = (event, handler) => this.#parts.listeners.add(event, handler as EventHandler<unknown>, true);
  readonly onAny: Tidewire<E>['onAny'] = (handler) => this.#parts.listeners.addAny(handler);
  readonly off: Tidewire<E>['off'] = (event, handler) => this.#parts.listeners.remove(event, handler as EventHandler<unknown> | undefined);

  readonly emit: Tidewire<E>['emit'] = (event, ...args) => {
    this.start();
    return this.#session?.emits.plain(this.#run, undefined, event, args) ?? false;
  };

  readonly emitWithAck: Tidewire<E>['emitWithAck'] = (event, ...args) => {
    this.start();
    return this.#session?.emits.acknowledged(this.#run, undefined, event, args) ?? Promise.reject(new TidewireError('STOPPED'));
  };

  readonly join: Tidewire<E>['join'] = (room) => {
    this.start();
    return this.#parts.rooms.join(room, this.#run);
  };

  namespace<N extends object = AnyEvents>(name: string): Namespace<N> {
    this.start();
    const { state, listeners, close } = this.#parts.namespaces.open(name, this.#run);
    return {
      name,
      state,
      on: (event, handler) => listeners.add(event, handler as EventHandler<unknown>, false),
      off: (event, handler) => listeners.remove(event, handler as EventHandler<unknown> | undefined),
      emit: (event, ...args) => this.#session?.emits.plain(this.#run, name, event, args) ?? false,
      emitWithAck: (event, ...args) =>
        this.#session?.emits.acknowledged(this.#run, name, event, args) ?? Promise.reject(new TidewireError('STOPPED')),
      close,
    };
  }

  submit<V>(what: MutationDefinition<V> | string | UnnamedWrite, variables?: V): WriteHandle {
    const prepared = this.#prepared(what, variables);
    if (prepared instanceof TidewireError) return this.#refused(prepared);
    return this.#queue(prepared, (write) => ({ kind: 'Submit', write }), true);
  }

  write(id: string): WriteHandle | undefined {
    return this.#parts.writes.handle(id);
  }

  retry(id: string): boolean {
    const accepted = this.#intend({ kind: 'Retry', write: id });
    if (accepted) this.#parts.writes.renew(id);
    return accepted;
  }

  discard(id: string): boolean {
    return this.#accepted({ kind: 'Discard', write: id });
  }

  edit<V>(id: string, what: MutationDefinition<V> | string | UnnamedWrite, variables?: V): WriteHandle {
    const prepared = this.#prepared(what, variables);
    if (prepared instanceof TidewireError) return this.#refused(prepared);
    return this.#queue(prepared, (submission) => ({ kind: 'Edit', write: id, submission }));
  }

  exportWrites(): Promise<readonly ExportedWrite[]> {
    const wanted = deferred<readonly ExportedWrite[]>();
    this.#exports.push(wanted);
    if (!this.#accepted({ kind: 'Export' })) {
      this.#exports.splice(this.#exports.indexOf(wanted), 1);
      wanted.reject(new TidewireError('STOPPED'));
    }
    return wanted.promise;
  }

  clear(): void {
    this.#accepted({ kind: 'Clear' });
  }

  tempId(): string {
    return this.#parts.names.fresh();
  }

  get realIds(): Tidewire<E>['realIds'] {
    return this.#parts.names.known;
  }

  async logout({ unsent }: LogoutOptions): Promise<LogoutResult> {
    this.#wanted = false;
    this.start();
    const session = this.#session;
    if (session === undefined) return { kept: 0 };
    await this.ready;
    if (unsent === 'discard') {
      session.command({ kind: 'Clear' });
      await this.#givenUp();
      await session.stored();
    }
    await session.leave();
    if (unsent === 'discard') await session.forgetBases();
    const { pending, parked, quarantined } = this.outbox.get();
    this.#left = true;
    this.stop();
    this.#parts.writes.over();
    return { kept: pending + parked + quarantined };
  }

  /** Resolves when no write is left that was never sent, or after a while: the tab that leads may not answer. */
  #givenUp(): Promise<void> {
    const { clock } = this.#settings.platform;
    return new Promise((resolve) => {
      let stop = (): void => undefined;
      const look = (): void => {
        if (this.outbox.get().writes.some(({ state }) => state === 'queued' || state === 'durable' || state === 'parked')) return;
        stop();
        resolve();
      };
      const unsubscribe = this.outbox.subscribe(look);
      const stopTimer = clock.after(GIVE_UP, () => (stop(), resolve()));
      stop = () => {
        unsubscribe();
        stopTimer();
      };
      look();
    });
  }

  async unsentOfOthers(): Promise<readonly UnsentWrites[]> {
    const { platform, config } = this.#settings;
    const mine = config.partition;
    const place = mine.slice(0, mine.lastIndexOf('|') + 1);
    const all = (await platform.store.census?.()) ?? [];
    return all
      .filter(({ partition }) => partition.startsWith(place) && partition !== mine)
      .map(({ partition, writes }) => ({ user: decodeURIComponent(partition.slice(place.length)), writes }));
  }

  process(): Promise<ProcessResult> {
    this.start();
    return this.#parts.passes.begin((pass) => this.#run({ kind: 'Process', pass }));
  }

  setProcessing(on: boolean): void {
    this.#processing = on;
    this.#session?.command({ kind: 'SetProcessing', on });
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return this.#reads.fetch(path, init);
  }

  baseInfo(data: unknown): ReturnType<Tidewire<E>['baseInfo']> {
    return this.#reads.info(data);
  }

  attachCache(cache: Parameters<Tidewire<E>['attachCache']>[0]): ReturnType<Tidewire<E>['attachCache']> {
    return this.#parts.bridge.attach(cache);
  }

  useClientId(): string | undefined {
    return this.#clientId;
  }

  #prepared<V>(what: MutationDefinition<V> | string | UnnamedWrite, variables: V | undefined): Prepared | TidewireError {
    const { definitions } = this.#parts;
    if (typeof what === 'string') return definitions.named(what, variables) ?? unknownMutation(what);
    return 'name' in what ? definitions.defined(what as AnyMutation, variables) : definitions.unnamed(what);
  }

  /** What a definition decided about a conflict (Q10). */
  #resolve(write: string, { definition }: WriteFacts, decision: ConflictDecision<unknown>): void {
    if (typeof decision === 'object') {
      const prepared = definition === undefined ? undefined : this.#parts.definitions.defined(definition, decision.variables);
      if (prepared !== undefined) {
        this.#queue(prepared, (submission) => ({ kind: 'Resolve', write, resolution: { kind: 'Replace', submission } }));
        return;
      }
    }
    const kind = ({ again: 'SendAgain', park: 'Park', discard: 'Discard' } as const)[typeof decision === 'object' ? 'park' : decision];
    this.#run({ kind: 'Resolve', write, resolution: { kind } });
  }

  /** `news`: it is nobody's change of another write. */
  #queue({ submission, facts, layer }: Prepared, command: (submission: Submission) => Command, news = false): WriteHandle {
    const { definitions, writes } = this.#parts;
    this.start();
    let handle: WriteHandle | undefined;
    const result = this.#session?.command(command(submission), (reply) => {
      if (reply.kind !== 'Accepted' || reply.write === undefined) return;
      // Known before its layer is added, which happens before this call returns.
      writes.add(reply.write, facts, 'here');
      handle = writes.handle(reply.write);
      if (layer === undefined) return;
      const id = reply.write;
      definitions.keep(id, layer);
      const forget = (): void => definitions.forget(id);
      void handle?.settled.then(forget, forget);
    });
    if (handle !== undefined) return handle;
    // The same as one that is queued already (Q8).
    if (result?.kind === 'Merged') handle = writes.handle(result.into);
    if (handle !== undefined) return handle;
    return this.#refused(result?.kind === 'Refused' ? refusalError(result.refusal) : new TidewireError('STOPPED'), news ? facts : undefined);
  }

  /** A write that never was one: it has an id to speak of, and its definition hears of it once the caller has its handle (A2). */
  #refused(error: TidewireError, facts?: WriteFacts): WriteHandle {
    this.#refusals += 1;
    const id = `refused-${this.#refusals}`;
    if (facts !== undefined) queueMicrotask(() => this.#parts.writes.refused(id, facts, error));
    const never = <T>(): Promise<T> => {
      const promise = Promise.reject<T>(error);
      promise.catch(() => undefined);
      return promise;
    };
    return { id, durable: never(), acknowledged: never(), settled: never(), cancel: () => false };
  }

  /** The same; also where the server is asked first. */
  #accepted(command: Command): boolean {
    this.start();
    const kind = this.#run(command)?.kind;
    return kind === 'Accepted' || kind === 'Asked';
  }

  /** Starts if need be; whether the engine accepted. */
  #intend(command: Command): boolean {
    this.start();
    return this.#run(command)?.kind === 'Accepted';
  }

  readonly #run = (command: Command): CommandResult | undefined => this.#session?.command(command);
}
