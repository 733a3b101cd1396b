// One run of an engine, from `start` to `stop`: makes it, gives each output to the part that performs it, and ends all of them.
// This is the only place that knows every output; it decides nothing about any.
import type { CreateEngine, EngineBinding } from '../engine/binding.js';
import type { Command, CommandResult, Config, Event, Input, Output } from '../generated/protocol.js';
import type { Platform, SocketPort, Store } from '../ports/port.js';
import type { EventMeta, LogNote, RequestPort } from '../types.js';
import { Bodies } from './bodies.js';
import { deferred, type Deferred } from './deferred.js';
import type { Bridge } from './bridge.js';
import type { Notifier } from './cell.js';
import type { Connection } from './connection.js';
import { withBytes } from './attachments.js';
import { Emits, type EmitSettings } from './emits.js';
import { Leadership } from './leadership.js';
import { Links } from './links.js';
import type { Listeners } from './listeners.js';
import { Loop } from './loop.js';
import type { Definitions } from './definitions.js';
import type { Namespaces } from './namespaces.js';
import type { Passes } from './passes.js';
import { Records } from './records.js';
import { Requests, type RequestsApp } from './requests.js';
import type { Rooms } from './rooms.js';
import type { Tokens } from './tokens.js';
import { parsed } from './json.js';
import { Names } from './names.js';
import type { Origin, Writes } from './writes.js';

export interface SessionSettings {
  readonly createEngine: CreateEngine;
  readonly platform: Platform;
  readonly url: string;
  readonly path: string;
  readonly config: Config;
  readonly request: RequestPort;
  readonly app: RequestsApp;
  readonly emits: EmitSettings;
  parser(port: SocketPort): SocketPort;
}

/** What outlives a session. */
export interface SessionParts {
  readonly bridge: Bridge;
  readonly connection: Connection;
  readonly definitions: Definitions;
  readonly listeners: Listeners;
  readonly namespaces: Namespaces;
  readonly names: Names;
  readonly passes: Passes;
  readonly user: string;
  readonly notifier: Notifier;
  readonly rooms: Rooms;
  readonly tokens: Tokens;
  readonly writes: Writes;
  log(note: LogNote): void;
  /** `Exported`. */
  exported(json: string): void;
  /** The client id is known. */
  client(id: string): void;
  /** The store was read for the first time. */
  ready(): void;
  /** The engine broke: nothing more comes from this session. */
  broken(): void;
}

export class Session {
  readonly emits: Emits;
  readonly #platform: Platform;
  readonly #parts: SessionParts;
  readonly #loop: Loop;
  readonly #bodies: Bodies;
  readonly #links: Links;
  readonly #requests: Requests;
  readonly #records: Records;
  readonly #leadership: Leadership;
  readonly #unwatch: (() => void)[] = [];
  readonly #quiet = deferred<void>();
  readonly #storing: Deferred<void>[] = [];
  /** What appears in the drain of `Loaded` was in the store; what appears later comes from other tabs. */
  #origin: Origin = 'tab';
  /** The cache has its stored bases. */
  #restored = false;

  constructor(settings: SessionSettings, parts: SessionParts) {
    const { platform, url, config, path } = settings;
    this.#platform = platform;
    this.#parts = parts;
    this.#bodies = new Bodies(config.server === 'Foreign');
    // Asked for first: the device opens it while the engine is made.
    const store = platform.store.open(config.partition);
    this.#loop = new Loop(made(settings, store), platform.clock, {
      perform: (output) => this.#perform(output),
      settle: () => this.#settle(),
      failed: (error, fatal) => this.#failed(error, fatal),
    });
    const push = (input: Input): void => this.#loop.push(input);
    const failed = (note: string, error: unknown): void => parts.log({ level: 'error', note, error });
    this.emits = new Emits(this.#bodies, settings.emits);
    const polling = platform.polling === undefined ? undefined : settings.parser(platform.polling);
    this.#links = new Links({ socket: settings.parser(platform.socket), polling, origin: url, path }, this.#bodies, push);
    this.#requests = new Requests(url, settings.request, settings.app, parts.tokens, push);
    this.#leadership = new Leadership(platform.tabs, config.partition, { clock: platform.clock, push, failed, lead: () => this.#records.lead() });
    this.#records = new Records(store, platform.clock, {
      push,
      failed,
      dirty: () => parts.bridge.dirty(),
      opened: (durability) => {
        parts.writes.durability(durability);
        this.#leadership.begin(durability);
        this.#loop.drain();
      },
      drain: () => this.#loop.drain(),
      fenced: (epoch) => this.#leadership.fenced(epoch),
      loaded: (answer, bases) => {
        this.#loop.push(answer);
        // Behind it in the same step: a base is told of after the writes that it may carry, and shown with their layers.
        if (!this.#restored) parts.bridge.restore(bases);
        this.#restored = true;
        this.#origin = 'store';
        this.#loop.drain();
        this.#origin = 'tab';
        parts.ready();
      },
    });
  }

  /** Tells the engine what is the case, and what was wished for before. Apart from the constructor, because work begins here. */
  begin(wishes: readonly Command[]): void {
    this.#unwatch.push(...this.#watch((input) => this.#loop.push(input)));
    this.#loop.push(
      { kind: 'Network', signal: this.#platform.network.current() },
      { kind: 'App', signal: this.#platform.visibility.current() },
      this.#parts.definitions.known(),
      ...this.#parts.bridge.opening(),
    );
    for (const wish of wishes) this.#loop.command(wish);
  }

  get leads(): boolean {
    return this.#leadership.leads;
  }

  push(input: Input): void {
    this.#loop.push(input);
  }

  drain(): void {
    this.#loop.drain();
  }

  command(command: Command, replied?: (result: CommandResult) => void): CommandResult | undefined {
    return this.#loop.command(command, replied);
  }

  /** Resolves when everything is performed and no step of the store is under way. */
  stored(): Promise<void> {
    const wanted = deferred<void>();
    this.#storing.push(wanted);
    this.#loop.drain();
    return wanted.promise;
  }

  /** The user leaves: resolves when nothing is under way any more (Q20). */
  leave(): Promise<void> {
    this.#loop.command({ kind: 'Suspend' });
    return this.#quiet.promise;
  }

  /** Takes the stored bases off the device. */
  forgetBases(): Promise<void> {
    return this.#records.forgetBases();
  }

  scheduleFlush(): void {
    this.#records.schedule();
  }

  /** A cache came later than the records. */
  restoreBases(): void {
    this.#records.bases().then(
      (bases) => {
        this.#parts.bridge.restore(bases);
        this.#loop.drain();
      },
      (error: unknown) => this.#parts.log({ level: 'error', note: 'the stored bases cannot be read', error }),
    );
  }

  stop(): void {
    for (const unwatch of this.#unwatch) unwatch();
    this.#loop.stop();
    this.#links.stop();
    this.#requests.stop();
    this.#leadership.stop();
    this.#records.stop();
    this.emits.stop();
  }

  #watch(push: (input: Input) => void): (() => void)[] {
    const app = (signal: 'Foreground' | 'Background'): void => push({ kind: 'App', signal });
    return [
      this.#platform.network.watch((signal) => push({ kind: 'Network', signal })),
      this.#platform.visibility.watch({
        foreground: () => app('Foreground'),
        background: () => {
          this.#records.flush();
          app('Background');
        },
        leaving: () => {
          this.#records.flush();
          this.#leadership.pause();
        },
        returned: () => {
          this.#leadership.resume();
          app(this.#platform.visibility.current());
        },
      }),
    ];
  }

  #perform(output: Exclude<Output, { kind: 'Reply' }>): void {
    const { bridge, connection, rooms, writes } = this.#parts;
    switch (output.kind) {
      case 'Load':
        return this.#records.load(output.load);
      case 'Read':
        return this.#records.read(output.load, output.key);
      case 'TakeLead':
        return this.#leadership.take();
      case 'Quiet':
        return this.#quiet.resolve();
      case 'ReloadNeeded':
        this.#leadership.pause();
        return this.#parts.log({ level: 'error', note: 'the store belongs to a newer build: reload the page' });
      case 'Upcast':
        return this.#loop.push({
          kind: 'Upcasted',
          write: output.write,
          result: this.#parts.definitions.upcast(output.name, output.version, parsed(output.variables)),
        });
      case 'Verify':
        return this.#verify(output);
      case 'Persist':
        return this.#records.persist(output.persist, output.key, output.value, output.fence);
      case 'Broadcast':
        return this.#leadership.broadcast(output.key, output.value);
      case 'FetchAuth':
        return this.#authorise(output.auth, output.fresh);
      case 'Open':
        return this.#links.open(output.link, output.transport, output.url);
      case 'Send':
        return this.#links.send(output.link, output.text, output.body);
      case 'SendBinary':
        return this.#links.sendBinary(output.link, output.body);
      case 'Namespace':
        return this.#parts.namespaces.changed(output.namespace, output.state);
      case 'Close':
        return this.#links.close(output.link);
      case 'Fetch':
        return this.#requests.send(output.fetch, output.request);
      case 'Abort':
        return this.#requests.abort(output.fetch);
      case 'Event':
        return this.#event(output.event);
      case 'Release':
        return this.#bodies.release(output.bodies);
      case 'Emitted':
        return this.emits.ended(output.emit, output.result);
      case 'Room':
        return rooms.changed(output.room, output.state);
      case 'LayerAdded':
        return this.#layerAdded(output);
      case 'LayerRetired':
        return bridge.layerRetired(output.write, output.query);
      case 'BaseRefused':
        return bridge.baseRefused(output.query);
      case 'Refetch':
        return bridge.refetch(output.queries, output.reason);
      case 'Connection':
        return connection.changed(output.state, this.#wallOf);
      case 'Outbox':
        return writes.counted(output.status, this.#wallOf);
      case 'WriteFound':
        return writes.add(
          output.write,
          this.#parts.definitions.facts(output.name, output.version, parsed(output.variables)),
          this.#origin,
        );
      case 'Write':
        writes.changed(output.write, output.state, this.#origin);
        if (output.state.kind === 'Settled') bridge.settled(output.write);
        // Of an unknown outcome nobody can say so.
        bridge.judged(output.write, output.state.kind === 'Parked' && output.state.reason !== 'Unknown');
        return;
      case 'Client':
        return this.#parts.client(output.client);
      case 'Quarantined':
        return this.#parts.log({ level: 'error', note: `record ${output.key} was set aside: ${output.reason}` });
      case 'Renamed':
        return this.#renamed(output.temp, output.real);
      case 'Exported':
        return this.#parts.exported(output.json);
      case 'PassDone': {
        const { pass, processed, failed, skipped } = output;
        return this.#parts.passes.done(pass, { processed, failed, skipped });
      }
      case 'Log':
        return this.#parts.log({ level: 'warn', note: output.note });
    }
  }

  #event(event: Event): void {
    const { bridge, listeners, namespaces } = this.#parts;
    const { name, namespace, replayed, own, ack } = event;
    const parts = event.attachments.map((part) => this.#bodies.value(part));
    const args = this.#bodies.array(event.body).slice(event.skip).map((argument) => withBytes(argument, parts));
    if (namespace === undefined) bridge.event(event, args);
    if (!event.dispatch) return;
    const room = event.position === undefined ? {} : { room: event.position.room };
    const reply = ack === undefined ? {} : { reply: this.emits.replying((command) => this.#loop.command(command), ack) };
    const meta: Omit<EventMeta, 'args'> = { replayed, own, ...room, ...reply };
    if (namespace === undefined) listeners.dispatch(name, args, meta);
    else namespaces.dispatch(namespace, name, args, meta);
  }

  #verify({ write, name, version, variables }: Extract<Output, { kind: 'Verify' }>): void {
    const { definitions, user } = this.#parts;
    void definitions.verified(write, name, version, parsed(variables), user).then((found) => this.#loop.push({ kind: 'Verified', write, found }));
  }

  #renamed(temp: string, real: string): void {
    const { bridge, definitions, names, writes } = this.#parts;
    names.learn(temp, real);
    writes.renamed(temp, real);
    bridge.renamed((record) => {
      const variables = Names.renamed(record.variables, temp, real);
      if (variables === record.variables) return record;
      const optimistic = definitions.layer(record.write, record.name, record.version, variables);
      return { ...record, variables, ...(optimistic === undefined ? {} : { optimistic }) };
    });
  }

  #layerAdded(output: Extract<Output, { kind: 'LayerAdded' }>): void {
    const { bridge, definitions, writes } = this.#parts;
    const { write, name, version, restored } = output;
    const variables = parsed(output.variables);
    writes.add(write, definitions.facts(name, version, variables), this.#origin);
    const optimistic = definitions.layer(write, name, version, variables);
    bridge.layerAdded({ write, name, version, variables, restored, ...(optimistic === undefined ? {} : { optimistic }) });
  }

  #authorise(auth: number, fresh: boolean): void {
    void this.#parts.tokens.result(fresh).then((result) => {
      this.#parts.connection.tokenMissing(result.kind === 'Missing');
      this.#loop.push({ kind: 'Auth', auth, result });
    });
  }

  #settle(): void {
    this.#parts.bridge.commit();
    this.emits.settle();
    if (!this.#records.storing) for (const wanted of this.#storing.splice(0)) wanted.resolve();
    this.#parts.notifier.flush();
  }

  #failed(error: unknown, fatal: boolean): void {
    this.#parts.log({ level: 'error', note: fatal ? 'the engine stopped' : 'performing an output failed', error });
    if (fatal) this.#parts.broken();
  }

  /** The engine's clock has an origin of its own; people are shown wall time. */
  readonly #wallOf = (mono: number): number => {
    const now = this.#platform.clock.now();
    return now.wall + (mono - now.mono);
  };
}

/** The engine; where there can be none, nobody holds the store. */
function made({ createEngine, config, platform }: SessionSettings, store: Promise<Store>): EngineBinding {
  try {
    return createEngine(config, platform.random.seed(), platform.clock.now());
  } catch (error) {
    store.then(
      (opened) => opened.close(),
      () => undefined,
    );
    throw error;
  }
}
