// Clients of one process as the tabs of a page: an app and its background task may each make one for the same user. They hear of each other's records, and one
// of them leads at a time (Q19). Knows no store.
import type { TabMessage, TabsEvents, TabsPort, TabsSession } from '@tidewire/client';

interface Member {
  readonly events: TabsEvents;
  waits: boolean;
}

/** One leadership, from its grant on. */
interface Hold {
  readonly member: Member;
}

interface Room {
  readonly members: Set<Member>;
  held: Hold | undefined;
}

/** One for the whole process, since every client of a partition must find the others. */
const rooms = new Map<string, Room>();

/** `watch`: tells when a partition's storage was emptied; who leads is given the lead once more, and reads the store again (Q4). */
export function oneProcess(watch: (partition: string, emptied: () => void) => () => void): TabsPort {
  return {
    join(partition, events) {
      const room = rooms.get(partition) ?? { members: new Set(), held: undefined };
      rooms.set(partition, room);
      const member: Member = { events, waits: false };
      room.members.add(member);
      const unwatch = watch(partition, () => {
        if (room.held?.member === member) give(room, member);
      });
      return sessionOf(room, member, () => {
        unwatch();
        room.members.delete(member);
        if (room.members.size === 0) rooms.delete(partition);
      });
    },
  };
}

function sessionOf(room: Room, member: Member, left: () => void): TabsSession {
  return {
    post(message: TabMessage) {
      for (const other of room.members) if (other !== member) later(() => room.members.has(other) && other.events.message(message));
    },
    contend() {
      if (room.held?.member === member) return;
      member.waits = true;
      grant(room);
    },
    steal() {
      const { held } = room;
      if (held?.member === member) return;
      if (held !== undefined) later(() => held.member.events.lost());
      give(room, member);
    },
    release() {
      member.waits = false;
      if (room.held?.member === member) letGo(room);
    },
    leave() {
      member.waits = false;
      if (room.held?.member === member) letGo(room);
      left();
    },
  };
}

function letGo(room: Room): void {
  room.held = undefined;
  grant(room);
}

/** To whoever has waited longest. */
function grant(room: Room): void {
  if (room.held !== undefined) return;
  const next = [...room.members].find(({ waits }) => waits);
  if (next !== undefined) give(room, next);
}

function give(room: Room, member: Member): void {
  const hold: Hold = { member };
  member.waits = false;
  room.held = hold;
  later(() => room.held === hold && member.events.granted());
}

/** Never within the call, as with a browser's locks and channels. */
function later(work: () => unknown): void {
  void Promise.resolve().then(work);
}
