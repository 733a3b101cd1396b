// Node's own server doing the same job: answer `echo`, let everybody into the room, relay `cast` to it.
import { createServer } from 'node:http'
import { Server } from 'socket.io'

const http = createServer()
const io = new Server(http, { transports: ['websocket', 'polling'] })
io.on('connection', (socket) => {
  socket.on('echo', (payload, ack) => ack(payload))
  socket.on('room:join', (_, ack) => {
    socket.join('r')
    ack({ success: true })
  })
  socket.on('cast', (payload, ack) => {
    socket.to('r').emit('told', payload)
    ack(null)
  })
})
http.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${http.address().port}`))
