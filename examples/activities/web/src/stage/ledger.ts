// What the two phones have told, put together: each write on its way from one phone to the other, and the sums. Pure.
import type { Connection, Kept, Report } from '../phone/report.ts';

export const PEOPLE = ['ana', 'ben'] as const;
export type Person = (typeof PEOPLE)[number];

export const other = (person: Person): Person => (person === 'ana' ? 'ben' : 'ana');

export type Stand = 'waiting' | 'sending' | 'applied' | 'replayed' | 'refused' | 'discarded';

export interface Entry extends Kept {
  readonly by: Person;
  readonly stand: Stand;
  readonly requests: number;
  readonly tapped: number | null;
  /** How often it has appeared on the other phone. */
  readonly seen: number;
  /** From touch to the other screen, where it went at once. */
  readonly took: number | null;
}

export interface PhoneState {
  readonly connection: Connection | 'off';
  readonly dark: boolean;
  readonly pending: number;
  readonly parked: number;
  /** When its app was killed, until it is back; then how long that took. */
  readonly killedAt: number | null;
  readonly backAfter: number | null;
}

export interface Ledger {
  readonly phones: Readonly<Record<Person, PhoneState>>;
  /** Oldest first. */
  readonly entries: readonly Entry[];
}

const OFF: PhoneState = { connection: 'off', dark: false, pending: 0, parked: 0, killedAt: null, backAfter: null };
export const EMPTY: Ledger = { phones: { ana: OFF, ben: OFF }, entries: [] };

/** What an app does by itself is no change of its person's. */
const QUIET = 'message.read';

/** More are not remembered: the oldest that are through go first. */
const MOST = 200;

/** `now`: milliseconds of any clock, the same for all calls. */
export function after(ledger: Ledger, by: Person, report: Report, now: number): Ledger {
  switch (report.kind) {
    case 'state':
      return afterState(ledger, by, report, now);
    case 'sent':
      return put(ledger, by, report, ({ requests }) => ({
        stand: 'sending',
        requests: requests + 1,
        // How fast something was is asked only where both phones have a network.
        tapped: requests === 0 && ledger.phones[other(by)].connection === 'online' ? report.tapped : null,
      }));
    case 'answered':
      return { ...ledger, entries: ledger.entries.map((it) => (it.write === report.write ? { ...it, stand: answered(it, report.outcome) } : it)) };
    case 'heard':
      return afterHeard(ledger, by, report);
  }
}

/** The phone's page is gone, for a moment or for good. */
export function afterKill(ledger: Ledger, person: Person, now: number): Ledger {
  return { ...ledger, phones: { ...ledger.phones, [person]: { ...ledger.phones[person], connection: 'off', killedAt: now, backAfter: null } } };
}

function answered({ stand }: Entry, outcome: string): Stand {
  if (outcome === 'applied' || outcome === 'replayed') return outcome;
  return outcome === 'rejected' ? 'refused' : stand;
}

function afterState(ledger: Ledger, by: Person, { connection, dark, pending, parked }: Extract<Report, { kind: 'state' }>, now: number): Ledger {
  const { killedAt, backAfter } = ledger.phones[by];
  const waiting = new Set(pending.map(({ write }) => write));
  const refused = new Set(parked.map(({ write }) => write));
  let next: Ledger = { ...ledger, phones: { ...ledger.phones, [by]: { connection, dark, pending: pending.length, parked: parked.length, killedAt: null, backAfter: killedAt === null ? backAfter : now - killedAt } } };
  for (const kept of [...pending, ...parked]) next = put(next, by, kept, ({ stand }) => ({ stand }));
  const entries = next.entries.map((it): Entry => {
    if (it.by !== by) return it;
    if (refused.has(it.write)) return { ...it, stand: 'refused' };
    if (waiting.has(it.write)) return it.stand === 'refused' ? { ...it, stand: 'waiting' } : it;
    // It is neither kept nor through: its person gave it up.
    return it.stand === 'refused' || it.stand === 'waiting' ? { ...it, stand: 'discarded' } : it;
  });
  return { ...next, entries };
}

function afterHeard(ledger: Ledger, by: Person, { what, thing, at }: Extract<Report, { kind: 'heard' }>): Ledger {
  const same = ledger.entries.filter((it) => it.by !== by && it.what === what && it.thing === thing && it.requests > 0 && it.stand !== 'refused' && it.stand !== 'discarded');
  // What is said of the same thing again and again comes in order.
  const entry = same.find(({ seen }) => seen === 0) ?? (what === 'message.send' || what === 'activity.create' ? same[0] : undefined);
  if (entry === undefined) return ledger;
  const took = entry.seen === 0 && entry.tapped !== null ? Math.max(0, at - entry.tapped) : entry.took;
  return { ...ledger, entries: ledger.entries.map((it) => (it === entry ? { ...it, seen: it.seen + 1, took } : it)) };
}

function put(ledger: Ledger, by: Person, { write, what, thing }: Kept, change: (entry: Entry) => Partial<Entry>): Ledger {
  if (what === QUIET) return ledger;
  if (!ledger.entries.some((it) => it.write === write)) {
    const fresh: Entry = { write, what, thing, by, stand: 'waiting', requests: 0, tapped: null, seen: 0, took: null };
    return { ...ledger, entries: shortened([...ledger.entries, { ...fresh, ...change(fresh) }]) };
  }
  return { ...ledger, entries: ledger.entries.map((it) => (it.write === write ? { ...it, ...change(it) } : it)) };
}

function shortened(entries: readonly Entry[]): readonly Entry[] {
  const surplus = entries.length - MOST;
  return surplus <= 0 ? entries : entries.slice(surplus);
}

export interface Sums {
  readonly sent: number;
  readonly applied: number;
  readonly replayed: number;
  /** Changes that are on the other phone, and those of them that came more than once. */
  readonly seen: number;
  readonly twice: number;
}

export function sums({ entries }: Ledger): Sums {
  const count = (test: (entry: Entry) => boolean): number => entries.filter(test).length;
  return {
    sent: count(({ requests }) => requests > 0),
    applied: count(({ stand }) => stand === 'applied' || stand === 'replayed'),
    replayed: count(({ stand }) => stand === 'replayed'),
    seen: count(({ seen }) => seen > 0),
    twice: count(({ seen }) => seen > 1),
  };
}

/** The newest change that went from hand to screen at once. */
export function fastest({ entries }: Ledger): Entry | undefined {
  return entries.findLast(({ took }) => took !== null);
}
