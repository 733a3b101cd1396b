// The official socket.io server, as a foreign peer for our native client (crates/client/tests/foreign.rs).
// Usage: node official-server.mjs [port]. Prints "listening on <port>"; ends when its stdin is closed.
import { createServer } from 'node:http'
import { Server } from 'socket.io'

const http = createServer()
const io = new Server(http)

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
  socket.on('throw me out', () => socket.disconnect(true))
})

http.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => console.log(`listening on ${http.address().port}`))
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
