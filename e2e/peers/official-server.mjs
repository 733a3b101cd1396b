// The official socket.io server, as a foreign peer for our native client (crates/client/tests/foreign.rs).
// Usage: node official-server.mjs [port] [recovery|msgpack]. Prints "listening on <port>"; ends when its stdin is closed.
import { createServer } from 'node:http'
import { Server } from 'socket.io'
import parser from 'socket.io-msgpack-parser'

const http = createServer()
// Sessions are restored for who was away shortly (Socket.IO's own recovery), but not where the test asks for none.
const kinds = { recovery: { connectionStateRecovery: { skipMiddlewares: false } }, msgpack: { parser } }
const io = new Server(http, kinds[process.argv[3]] ?? {})

io.use((socket, next) => {
  if (socket.handshake.auth.token === 'good') return next()
  const error = new Error('who are you?')
  error.data = { code: 'AUTH' }
  next(error)
})

io.on('connection', (socket) => {
  socket.on('room:join', ({ roomId }, answer) => {
    if (roomId === 'secret') return answer({ error: 'Unauthorized' })
    socket.join(roomId)
    answer({ success: true })
  })
  socket.on('say', (message) => io.to(message.roomId).emit('said', message, 'second argument'))
  socket.on('sum', (a, b, answer) => answer(a + b, { of: [a, b] }))
  socket.on('never', () => {})
  socket.on('ask me', (question) => socket.emit('question', question, (...answer) => socket.emit('you said', ...answer)))
  socket.on('binary please', () => socket.emit('binary', Buffer.from([1, 2, 3])))
  socket.on('mirror', (file, answer) => answer({ back: Buffer.from(file.bytes).reverse(), name: file.name }))
  socket.on('files please', () =>
    socket.emit('files', { a: Buffer.from([1]) }, Buffer.from([2, 3]), (answer) => socket.emit('file heard', answer.length)))
  socket.on('room of one', (roomId) => socket.join(roomId))
  socket.on('drop my link', () => socket.conn.close())
  socket.on('sixth', (n) => io.emit('ran', n))
  socket.on('throw me out', () => socket.disconnect(true))
})

const admin = io.of('/admin')
admin.use((socket, next) => (socket.handshake.auth.token === 'good' ? next() : next(new Error('not here'))))
admin.on('connection', (socket) => {
  socket.on('sum', (a, b, answer) => answer(a * b))
  socket.on('tell me', (what) => socket.emit('told', what, (answer) => socket.emit('admin heard', answer)))
})
io.of('/forbidden').use((_socket, next) => next(Object.assign(new Error('not for you'), { data: { code: 'FORBIDDEN' } })))

http.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => console.log(`listening on ${http.address().port}`))
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
