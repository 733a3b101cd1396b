// A small app as people have it today: the official socket.io server, plain REST beside it, CORS, memory for a database. It knows
// nothing of Tidewire. Usage: node foreign-app.mjs [port]. Prints "listening on <port>"; ends when its stdin is closed.
//
// Every life of it (`life`) begins empty. `GET /items` is what the app shows; `GET /seen` is for the test: what was asked for.
import { createServer } from 'node:http'
import { Server } from 'socket.io'

const life = process.pid
const items = new Map()
const seen = []
let visits = 0

async function bodyOf(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks))
}

const http = createServer((request, response) => {
  if (request.url.startsWith('/socket.io/')) return
  void serve(request, response)
})

async function serve(request, response) {
  response.setHeader('access-control-allow-origin', request.headers.origin ?? '*')
  response.setHeader('access-control-allow-headers', 'authorization, content-type')
  response.setHeader('access-control-allow-methods', 'GET, POST, PUT')
  // One request a connection: Chromium repeats a request by itself, a POST too, when a connection that it had used before dies.
  response.setHeader('connection', 'close')
  const answer = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  const { method, url, headers } = request
  const body = await bodyOf(request)
  if (url === '/seen') return answer(200, seen)
  seen.push({ method, url, headers, body })
  if (method === 'OPTIONS') return response.writeHead(204).end()
  if (headers.authorization !== 'Bearer good') return answer(401, { message: 'who are you?' })
  if (method === 'GET' && url === '/items') return answer(200, { life, items: [...items.values()] })
  if (method === 'POST' && url === '/visits') return answer(201, { visits: (visits += 1) })
  if (method === 'PUT' && url.startsWith('/items/')) {
    items.set(url, body)
    return answer(200, body)
  }
  return answer(404, { message: 'no such thing' })
}

const io = new Server(http, { cors: { origin: true } })

const refusal = (message, code) => Object.assign(new Error(message), code === undefined ? {} : { data: { code } })
const REFUSALS = { barred: refusal('not before noon', 'CLOSED'), mute: refusal('no data with this') }

io.use((socket, next) => {
  const { token } = socket.handshake.auth
  if (token === 'good') return next()
  next(REFUSALS[token] ?? refusal('who are you?', 'AUTH'))
})

io.on('connection', (socket) => {
  socket.emit('hello', { token: socket.handshake.auth.token, life })
  socket.on('room:join', ({ roomId }, answer) => {
    if (roomId === 'secret') return answer({ error: 'Unauthorized' })
    socket.join(roomId)
    if (roomId !== 'silent') answer({ success: true })
  })
  socket.on('say', (roomId, message) => io.to(roomId).emit('said', message, 'second argument'))
  socket.on('sum', (a, b, answer) => answer({ sum: a + b }))
  socket.on('never', () => {})
})

http.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => console.log(`listening on ${http.address().port}`))
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
