// Sessions in other namespaces on the same link (C1): handles, their state, who listens. How often one is wanted is counted here and in the
// engine alike.
import type { Command, NamespaceState as EngineState } from '../generated/protocol.js';
import type { EventMeta, NamespaceState } from '../types.js';
import { Cell, type Notifier } from './cell.js';
import type { Run } from './emits.js';
import { Listeners } from './listeners.js';

interface Wanted {
  readonly state: Cell<NamespaceState>;
  readonly listeners: Listeners;
  count: number;
}

const WAITING: NamespaceState = { status: 'waiting' };

export interface NamespaceHold {
  readonly state: Cell<NamespaceState>;
  readonly listeners: Listeners;
  close(): void;
}

export class Namespaces {
  readonly #notifier: Notifier;
  readonly #report: (error: unknown) => void;
  readonly #wanted = new Map<string, Wanted>();

  constructor(notifier: Notifier, report: (error: unknown) => void) {
    this.#notifier = notifier;
    this.#report = report;
  }

  open(name: string, run: Run): NamespaceHold {
    const wanted = this.#wanted.get(name) ?? { state: new Cell(this.#notifier, WAITING), listeners: new Listeners(this.#report), count: 0 };
    this.#wanted.set(name, wanted);
    wanted.count += 1;
    const result = run({ kind: 'OpenNamespace', namespace: name });
    let closed = false;
    if (result?.kind === 'Refused') {
      wanted.state.set({ status: 'refused', code: 'MALFORMED', message: `The namespace was refused: ${result.refusal}` });
      closed = true;
      this.#unwant(name, wanted);
    }
    return {
      state: wanted.state,
      listeners: wanted.listeners,
      close: () => {
        if (closed) return;
        closed = true;
        this.#unwant(name, wanted);
        run({ kind: 'CloseNamespace', namespace: name });
      },
    };
  }

  /** `Namespace`. */
  changed(name: string, state: EngineState): void {
    const cell = this.#wanted.get(name)?.state;
    switch (state.kind) {
      case 'Waiting':
        return cell?.set(WAITING);
      case 'Connected':
        return cell?.set({ status: 'connected', sid: state.sid });
      case 'Refused':
        return cell?.set({ status: 'refused', code: state.code, message: state.message });
    }
  }

  dispatch(name: string, event: string, args: readonly unknown[], meta: Omit<EventMeta, 'args'>): void {
    this.#wanted.get(name)?.listeners.dispatch(event, args, meta);
  }

  /** What a new engine must be told. */
  wishes(): Command[] {
    return [...this.#wanted].flatMap(([namespace, { count }]) => Array.from({ length: count }, (): Command => ({ kind: 'OpenNamespace', namespace })));
  }

  stop(): void {
    for (const { state } of this.#wanted.values()) state.set(WAITING);
  }

  #unwant(name: string, wanted: Wanted): void {
    wanted.count -= 1;
    if (wanted.count === 0 && this.#wanted.get(name) === wanted) this.#wanted.delete(name);
  }
}
