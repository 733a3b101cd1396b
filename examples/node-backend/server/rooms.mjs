// Recipe 2: rooms with a history, so that a client which was away gets what it missed, once and in order. Recipe 3 is one argument of `publish`: the id of the
// write that caused the event. Both are the part of docs/protocol.md (sections 1, 2 and 4) that a Socket.IO server has to speak. Knows nothing of notes.
import { randomBytes } from 'node:crypto'
import { Decoder, Encoder as Plain, PacketType } from 'socket.io-parser'

export const ROOM_TABLES = `
  CREATE TABLE IF NOT EXISTS room (name text PRIMARY KEY, epoch text NOT NULL, head bigint NOT NULL DEFAULT 0);
  CREATE TABLE IF NOT EXISTS room_event (
    room text, at bigint, id text NOT NULL, write_id text NOT NULL, name text NOT NULL, payload json NOT NULL,
    PRIMARY KEY (room, at)
  )`

/** More than this was missed: the client fetches its queries again instead. */
const REPLAY = 1_000

/** The `parser` of a `Server` with rooms: it tells each client that asks that the dialect is on. Others do not look at it. */
class Encoder extends Plain {
  encode(packet) {
    const granted = packet.type === PacketType.CONNECT && packet.data?.sid !== undefined
    return super.encode(granted ? { ...packet, data: { ...packet.data, tidewire: 1 } } : packet)
  }
}
export const parser = { Encoder, Decoder }

export class Rooms {
  #pool
  #mayJoin
  /** Room to its members, and how far each has been told. */
  #members = new Map()
  /** What is done in one room is done one after the other: never live before history. */
  #turns = new Map()

  /** `mayJoin(socket, room)` says who is let in. */
  constructor(io, pool, mayJoin) {
    this.#pool = pool
    this.#mayJoin = mayJoin
    io.on('connection', (socket) => this.#connected(socket))
  }

  /**
   * Adds an event to its room's history, within the transaction that causes it, as its last statement: the row of the room is locked until COMMIT, which is what
   * keeps offsets without gaps. With several rooms, go by their names, or two transactions may wait for each other. Call `deliver` after COMMIT.
   */
  async publish(tx, room, name, payload, writeId = '') {
    await found(tx, room)
    const { rows } = await tx.query('UPDATE room SET head = head + 1 WHERE name = $1 RETURNING head', [room])
    await tx.query('INSERT INTO room_event (room, at, id, write_id, name, payload) VALUES ($1, $2, $3, $4, $5, $6)', [
      room, rows[0].head, token(), writeId, name, JSON.stringify(payload),
    ])
  }

  /** Tells the members what they were not told yet. Other processes need to be told that they should do the same (LISTEN and NOTIFY, after COMMIT). */
  deliver(room) {
    return this.#turn(room, () => this.#send(room))
  }

  /** Value of `Tidewire-Base` for an answer that was read in `tx`, a REPEATABLE READ transaction: the events that the answer covers. */
  async base(tx, room) {
    const { epoch, head } = await found(tx, room)
    return `${encodeURIComponent(room)}=${epoch}:${head}`
  }

  #connected(socket) {
    socket.on('room:join', (wish, answer) => this.#join(socket, wish, answer))
    socket.on('room:leave', (wish, answer) => {
      this.#of(wish.roomId).delete(socket)
      answer?.({ success: true })
    })
    socket.on('tw:probe', (answer) => answer())
    socket.on('disconnect', () => this.#members.forEach((members) => members.delete(socket)))
  }

  #join(socket, { roomId: room, since }, answer) {
    return this.#turn(room, async () => {
      if (!(await this.#mayJoin(socket, room))) return answer({ error: 'Unauthorized' })
      const { epoch, head } = await found(this.#pool, room)
      const missed = since?.epoch === epoch ? head - since.offset : -1
      const recovered = missed === 0 || (missed > 0 && missed <= REPLAY && (await this.#kept(room, since.offset + 1)))
      answer({ success: true, epoch, offset: head, recovered })
      if (!socket.connected) return
      this.#of(room).set(socket, recovered ? since.offset : head)
      await this.#send(room)
    })
  }

  async #kept(room, at) {
    return (await this.#pool.query('SELECT 1 FROM room_event WHERE room = $1 AND at = $2', [room, at])).rowCount > 0
  }

  async #send(room) {
    const members = this.#of(room)
    if (members.size === 0) return
    const { epoch } = await found(this.#pool, room)
    const { rows } = await this.#pool.query('SELECT at, id, write_id, name, payload FROM room_event WHERE room = $1 AND at > $2 ORDER BY at', [
      room, Math.min(...members.values()),
    ])
    for (const { at, id, write_id: writeId, name, payload } of rows) {
      for (const [socket, told] of members) {
        if (told >= Number(at)) continue
        members.set(socket, Number(at))
        if (socket.handshake.auth.tidewire === 1) socket.emit('tw', [room, epoch, Number(at), id, writeId], name, payload)
        else socket.emit(name, payload)
      }
    }
  }

  #of(room) {
    const members = this.#members.get(room) ?? new Map()
    this.#members.set(room, members)
    return members
  }

  #turn(room, work) {
    const turn = (this.#turns.get(room) ?? Promise.resolve()).then(work)
    this.#turns.set(room, turn.catch(() => undefined))
    return turn
  }
}

/** The room's epoch and head; made where there was none. The epoch is another one in a database that was restored: offsets may be used again there. */
async function found(db, room) {
  await db.query('INSERT INTO room (name, epoch) VALUES ($1, $2) ON CONFLICT DO NOTHING', [room, token()])
  const { rows } = await db.query('SELECT epoch, head FROM room WHERE name = $1', [room])
  return { epoch: rows[0].epoch, head: Number(rows[0].head) }
}

const token = () => randomBytes(16).toString('base64url')
