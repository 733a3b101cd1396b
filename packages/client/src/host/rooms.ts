// Wanted rooms: handles, their state, and the first answer. How often a room is wanted is counted here and in the engine alike.
import type { Command, CommandResult, RoomState as EngineRoomState } from '../generated/protocol.js';
import type { JoinResult, RoomHandle, RoomState } from '../types.js';
import { Cell, type Notifier } from './cell.js';
import { deferred, type Deferred } from './deferred.js';

interface Wanted {
  readonly state: Cell<RoomState>;
  readonly waiting: Set<Deferred<JoinResult>>;
  count: number;
}

type Run = (command: Command) => CommandResult | undefined;

const WAITING: RoomState = { status: 'waiting' };
const LEFT: JoinResult = { success: false, code: 'LEFT', error: 'The room was left before it was joined' };
const STOPPED: JoinResult = { success: false, code: 'STOPPED', error: 'The client was stopped' };
const MALFORMED: JoinResult = { success: false, code: 'MALFORMED', error: 'The name of the room is empty, too long or malformed' };
const TOO_MANY: JoinResult = { success: false, code: 'TOO_MANY_ROOMS', error: 'Too many rooms are wanted: leave some' };

export class Rooms {
  readonly #notifier: Notifier;
  readonly #rooms = new Map<string, Wanted>();

  constructor(notifier: Notifier) {
    this.#notifier = notifier;
  }

  join(room: string, run: Run): RoomHandle {
    const wanted = this.#rooms.get(room) ?? { state: new Cell(this.#notifier, WAITING), waiting: new Set(), count: 0 };
    this.#rooms.set(room, wanted);
    wanted.count += 1;
    const first = deferred<JoinResult>();
    wanted.waiting.add(first);
    const current = wanted.state.get();
    if (current.status === 'joined') this.#answer(wanted, { success: true, recovered: current.recovered });
    const result = run({ kind: 'Join', room });
    if (result?.kind === 'Refused') {
      wanted.waiting.delete(first);
      first.resolve(result.refusal === 'TooManyRooms' ? TOO_MANY : MALFORMED);
      this.#unwant(room, wanted);
    }
    let left = result?.kind === 'Refused';
    return {
      room,
      state: wanted.state,
      result: first.promise,
      again: () => void (left || run({ kind: 'Rejoin', room })),
      leave: () => {
        if (left) return;
        left = true;
        wanted.waiting.delete(first);
        first.resolve(LEFT);
        this.#unwant(room, wanted);
        run({ kind: 'Leave', room });
      },
    };
  }

  /** `Room`. */
  changed(room: string, state: EngineRoomState): void {
    const wanted = this.#rooms.get(room);
    if (wanted === undefined) return;
    switch (state.kind) {
      case 'Waiting':
        return wanted.state.set(WAITING);
      case 'Joining':
        return wanted.state.set({ status: 'joining' });
      case 'Joined':
        wanted.state.set({ status: 'joined', recovered: state.recovered });
        return this.#answer(wanted, { success: true, recovered: state.recovered });
      case 'Denied':
        wanted.state.set({ status: 'denied', reason: state.reason });
        return this.#answer(wanted, { success: false, code: 'DENIED', error: state.reason });
    }
  }

  /** What a new engine must be told. */
  wishes(): Command[] {
    return [...this.#rooms].flatMap(([room, { count }]) => Array.from({ length: count }, (): Command => ({ kind: 'Join', room })));
  }

  stop(): void {
    for (const wanted of this.#rooms.values()) {
      wanted.state.set(WAITING);
      this.#answer(wanted, STOPPED);
    }
  }

  #answer(wanted: Wanted, result: JoinResult): void {
    for (const first of wanted.waiting) first.resolve(result);
    wanted.waiting.clear();
  }

  #unwant(room: string, wanted: Wanted): void {
    wanted.count -= 1;
    if (wanted.count === 0 && this.#rooms.get(room) === wanted) this.#rooms.delete(room);
  }
}
