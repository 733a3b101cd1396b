// The backend of the comparisons, in the process of the runner, which holds its reins: pages, one counter, writes that it de-duplicates by `Idempotency-Key` where one is
// sent, and Socket.IO rooms, plain and in our dialect (docs/protocol.md, section 1). Memory is its database.
import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { Decoder, Encoder as Plain, PacketType } from 'socket.io-parser'

class Encoder extends Plain {
  encode(packet) {
    const granted = packet.type === PacketType.CONNECT && packet.data?.sid !== undefined
    return super.encode(granted ? { ...packet, data: { ...packet.data, tidewire: 1 } } : packet)
  }
}

/** The body of a request as text; nothing of one that was given up. */
async function whole(request) {
  const chunks = []
  try {
    for await (const chunk of request) chunks.push(chunk)
  } catch {
    return ''
  }
  return Buffer.concat(chunks).toString()
}

export class BenchServer {
  /** Writes in the order in which they were applied. */
  applied = []
  /** What has happened, for those who wait. */
  #waiting = new Set()
  #keys = new Map()
  /** Answers a request for a write itself and returns true, or lets it be applied. */
  meddle = () => false
  reads = 0
  count = 1
  offset = 0
  rows = []

  static async start(pages) {
    const server = new BenchServer()
    server.http = createServer((request, response) => void server.#serve(request, response, pages))
    server.io = new Server(server.http, { parser: { Encoder, Decoder } })
    server.io.on('connection', (socket) => {
      socket.on('room:join', async ({ roomId }, answer) => {
        answer({ success: true, epoch: 'e', offset: server.offset, recovered: false })
        await socket.join(socket.handshake.auth.tidewire === 1 ? `${roomId} tw` : roomId)
      })
      socket.on('tw:probe', (answer) => answer())
    })
    await new Promise((resolve) => server.http.listen(0, '127.0.0.1', resolve))
    server.origin = `http://127.0.0.1:${server.http.address().port}`
    return server
  }

  async stop() {
    this.http.closeAllConnections()
    await this.io.close()
  }

  forget() {
    Object.assign(this, { applied: [], meddle: () => false, reads: 0, count: 1 })
    this.#keys.clear()
  }

  /** Resolves true when `so()` holds, false if it does not within `limit` milliseconds. */
  until(so, limit = 10_000) {
    if (so()) return Promise.resolve(true)
    return new Promise((resolve) => {
      const end = (value) => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        resolve(value)
      }
      const look = () => so() && end(true)
      const timer = setTimeout(() => end(false), limit)
      this.#waiting.add(look)
    })
  }

  /** Tells the room, in one go. */
  tell(events) {
    for (const [name, payload] of events) {
      this.offset += 1
      this.io.to('rows').emit(name, payload)
      this.io.to('rows tw').emit('tw', ['rows', 'e', this.offset, `e${this.offset}`, ''], name, payload)
    }
  }

  async #serve(request, response, pages) {
    if (request.url.startsWith('/socket.io/')) return
    const path = new URL(request.url, 'http://x').pathname
    if (request.method === 'GET' && pages.has(path)) return response.setHeader('Content-Type', path.endsWith('.js') ? 'text/javascript; charset=utf-8' : 'text/html; charset=utf-8').end(pages.get(path))
    const json = (status, body) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
    if (path === '/count') return json(200, { id: '1', count: this.count })
    if (path === '/rows') {
      this.reads += 1
      const base = { 'Tidewire-Base': `rows=e:${this.offset}`, 'Content-Type': 'application/json' }
      return response.writeHead(200, base).end(JSON.stringify(this.rows))
    }
    if (path.startsWith('/query/')) return json(200, { id: path.slice(7), text: 'x'.repeat(1_000) })
    if (request.method !== 'POST') return response.writeHead(404).end()
    const body = await whole(request)
    // The page was closed while it sent this.
    if (body === '') return response.destroy()
    const write = JSON.parse(body)
    if (this.meddle(write, { request, response, json }) !== true) json(200, this.applyQuietly(request, write))
    for (const look of [...this.#waiting]) look()
  }

  /** Applies it, and answers what is to be answered. */
  applyQuietly({ headers: { 'idempotency-key': key } }, write) {
    queueMicrotask(() => [...this.#waiting].forEach((look) => look()))
    const before = key && this.#keys.get(key)
    if (before) return before
    this.applied.push(write.n)
    if (write.like) this.count += 1
    const answer = { id: '1', count: this.count, n: write.n }
    if (key) this.#keys.set(key, answer)
    return answer
  }
}
