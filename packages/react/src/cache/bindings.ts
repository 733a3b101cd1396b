// Tells the engine which queries each room's events change, as queries come and go (Y1).

import type { CacheLink, QueryId } from '@tidewire/client';
import type { Entry } from './entries.js';
import type { RoomTable } from './rooms.js';

export class Bindings {
  readonly #table: RoomTable;
  readonly #members = new Map<string, Set<QueryId>>();

  constructor(table: RoomTable) {
    this.#table = table;
  }

  enter(entry: Entry, link: CacheLink): void {
    for (const room of this.#table.roomsOf(entry.query.queryKey)) {
      const members = this.#members.get(room) ?? new Set();
      this.#members.set(room, members.add(entry.id));
      link.bound(room, [...members]);
    }
  }

  leave(entry: Entry, link: CacheLink): void {
    for (const room of this.#table.roomsOf(entry.query.queryKey)) {
      const members = this.#members.get(room);
      if (!members?.delete(entry.id)) continue;
      if (members.size === 0) this.#members.delete(room);
      link.bound(room, [...members]);
    }
  }
}
