// Node's own server doing the same job: answer `echo`, let everybody into the room, relay `cast` to it.
import { createServer } from 'node:http'
import { Server } from 'socket.io'

const http = createServer()
const recovery = process.env.RECOVERY === undefined ? {} : { connectionStateRecovery: {} }
const deflate = process.env.DEFLATE === undefined ? {} : { perMessageDeflate: true }
const io = new Server(http, { transports: ['websocket', 'polling'], ...recovery, ...deflate })
io.on('connection', (socket) => {
  socket.on('echo', (payload, ack) => ack(payload))
  socket.on('flood', (payload) => socket.emit('flood', payload))
  socket.on('room:join', (_, ack) => {
    socket.join('r')
    ack({ success: true })
  })
  socket.on('say', (payload, ack) => {
    socket.to('r').emit('told', payload)
    ack(null)
  })
  socket.on('cast', (payload, ack) => {
    socket.to('r').emit('told', payload)
    ack(null)
  })
})
http.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${http.address().port}`))
