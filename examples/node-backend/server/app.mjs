// A small app as people have it: socket.io, a REST API, PostgreSQL. Each of the three recipes is a step that can be left out, to see what it is for:
// `once` (a write is applied once), `history` (rooms remember), `writeId` (an event names the write that caused it).
import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { open, transaction } from './database.mjs'
import { once, ONCE_TABLE, Refused } from './once.mjs'
import { parser, ROOM_TABLES, Rooms } from './rooms.mjs'

/** Answers `{ url, io, pool, requests, stop }`. A token is a name here: bring your own sign-in. */
export async function startApp({ database, steps = [], port = 0 }) {
  const does = (step) => steps.includes(step)
  const pool = await open(database)
  await pool.query(`${ONCE_TABLE}; ${ROOM_TABLES}`)
  const requests = []
  const http = createServer((request, response) => {
    if (!request.url.startsWith('/api/')) return
    serve(request, response).catch((error) => {
      if (!(error instanceof Refused)) console.error(error)
      send(response, error instanceof Refused ? error : { status: 500, body: { error: { code: 'failed' } } })
    })
  })
  const io = new Server(http, { cors: { origin: true }, ...(does('history') ? { parser } : {}) })
  io.use((socket, next) => next(socket.handshake.auth.token ? undefined : Object.assign(new Error('who are you?'), { data: { code: 'AUTH' } })))
  const rooms = does('history') ? new Rooms(io, pool, () => true) : undefined
  if (!rooms) {
    io.on('connection', (socket) => {
      socket.on('room:join', async ({ roomId }, answer) => {
        await socket.join(roomId)
        answer({ success: true })
      })
    })
  }

  async function serve(request, response) {
    const { method, url, headers } = request
    response.setHeader('Access-Control-Allow-Origin', headers.origin ?? '*')
    response.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type, Idempotency-Key')
    response.setHeader('Access-Control-Expose-Headers', 'Tidewire-Base')
    if (method === 'OPTIONS') return response.writeHead(204).end()
    const body = await textOf(request)
    requests.push({ method, url, headers, body })
    const person = /^Bearer (\w+)$/.exec(headers.authorization ?? '')?.[1]
    if (person === undefined) return send(response, { status: 401, body: { error: { code: 'who-are-you' } } })
    if (method === 'GET' && url === '/api/notes') return read(response)
    if (method === 'POST' && url === '/api/notes') return add(response, person, body, headers['idempotency-key'])
    return send(response, { status: 404, body: { error: { code: 'no-such-thing' } } })
  }

  async function read(response) {
    const work = async (tx) => {
      if (rooms) response.setHeader('Tidewire-Base', await rooms.base(tx, 'notes'))
      return (await tx.query('SELECT id, author, text FROM note ORDER BY id')).rows.map(noteOf)
    }
    send(response, { status: 200, body: await transaction(pool, work, 'REPEATABLE READ') })
  }

  async function add(response, person, body, quoted) {
    const { text } = JSON.parse(body)
    const key = quoted?.replaceAll('"', '')
    const work = async (tx) => {
      if (typeof text !== 'string' || text === '') throw new Refused(400, 'a-note-has-text')
      const { rows } = await tx.query('INSERT INTO note (author, text) VALUES ($1, $2) RETURNING id, author, text', [person, text])
      const note = noteOf(rows[0])
      if (rooms) await rooms.publish(tx, 'notes', 'note:added', note, does('writeId') ? key : '')
      return { status: 201, body: note }
    }
    const answer = does('once') && key ? await once(pool, { person, key, request: `POST /api/notes\n${body}` }, work) : await transaction(pool, work)
    if (rooms) await rooms.deliver('notes')
    else io.to('notes').emit('note:added', answer.body)
    send(response, answer)
  }

  await new Promise((resolve) => http.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${http.address().port}`,
    io,
    pool,
    requests,
    async stop() {
      http.closeAllConnections()
      await io.close()
      await pool.end()
    },
  }
}

const noteOf = ({ id, author, text }) => ({ id: String(id), author, text })

async function textOf(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function send(response, { status, body }) {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}
