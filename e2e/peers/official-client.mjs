// The official socket.io-client against a running Tidewire server (V1, V3). It knows nothing of Tidewire.
//
// Usage: node official-client.mjs <url>. The server takes any token but `bad`, closes rooms that begin with `secret`, has
// no namespace but `/`, and has two handlers: `publish {room, name, payload}` puts an event into a room's history,
// `echo <value>` acknowledges with the value.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { io } from 'socket.io-client'

const url = process.argv[2]
assert.ok(url, 'usage: node official-client.mjs <url>')

const open = (auth, namespace = '') =>
  io(url + namespace, { transports: ['websocket'], forceNew: true, reconnection: false, auth })

/** Records every event in order; `next` waits for the one after the last that was taken. */
function record(socket) {
  const seen = []
  let wake
  socket.onAny((...event) => {
    seen.push(event)
    wake?.()
  })
  return {
    seen,
    async next() {
      while (seen.length === 0) await new Promise((resolve) => (wake = resolve))
      return seen.shift()
    },
  }
}

const checks = {
  async 'a token connects, a room is joined, an event comes as name and payload'() {
    const socket = open({ token: 'ana' })
    const events = record(socket)
    await once(socket, 'connect')
    const joined = await socket.emitWithAck('room:join', { roomId: 'activities' })
    assert.equal(joined.success, true)
    assert.equal(joined.recovered, false)
    await socket.emitWithAck('publish', { room: 'activities', name: 'activity:created', payload: { id: 'ä€😀' } })
    assert.deepEqual(await events.next(), ['activity:created', { id: 'ä€😀' }])
    socket.disconnect()
  },

  async 'a join that is emitted in the connect handler is never lost'() {
    for (let turn = 0; turn < 50; turn += 1) {
      const socket = open({ token: 'ana' })
      const joined = new Promise((resolve) => {
        socket.on('connect', () => socket.emit('room:join', { roomId: `room${turn}` }, resolve))
      })
      assert.equal((await joined).success, true)
      socket.disconnect()
    }
  },

  async 'events buffered before the connection keep their order'() {
    const socket = open({ token: 'ana' })
    const answers = []
    for (let n = 0; n < 200; n += 1) socket.emit('echo', n, (value) => answers.push(value))
    await once(socket, 'connect')
    assert.equal(await socket.emitWithAck('echo', 'last'), 'last')
    assert.deepEqual(answers, Array.from({ length: 200 }, (_, n) => n))
    socket.disconnect()
  },

  async 'a bad token gives connect_error with a code'() {
    for (const auth of [{ token: 'bad' }, {}]) {
      const socket = open(auth)
      const [error] = await once(socket, 'connect_error')
      assert.equal(error.data.code, 'AUTH')
      assert.equal(socket.connected, false)
      socket.disconnect()
    }
  },

  async 'a namespace that does not exist gives connect_error'() {
    const socket = open({ token: 'ana' }, '/admin')
    const [error] = await once(socket, 'connect_error')
    assert.equal(error.message, 'Invalid namespace')
    socket.disconnect()
  },

  async 'a forbidden room is refused and none of its events arrive'() {
    const socket = open({ token: 'ana' })
    const events = record(socket)
    await once(socket, 'connect')
    assert.deepEqual(await socket.emitWithAck('room:join', { roomId: 'secret' }), { error: 'Unauthorized' })
    await socket.emitWithAck('room:join', { roomId: 'open' })
    await socket.emitWithAck('publish', { room: 'secret', name: 'hidden', payload: 1 })
    await socket.emitWithAck('publish', { room: 'open', name: 'shown', payload: 2 })
    assert.deepEqual(await events.next(), ['shown', 2])
    assert.deepEqual(events.seen, [])
    socket.disconnect()
  },

  async 'polling alone and polling that moves to a WebSocket do the same'() {
    for (const transports of [['polling'], ['polling', 'websocket']]) {
      const socket = io(url, { transports, forceNew: true, reconnection: false, auth: { token: 'ana' } })
      const upgraded = once(socket.io, 'open').then(() => transports.length === 1 || once(socket.io.engine, 'upgrade'))
      await once(socket, 'connect')
      for (let n = 0; n < 100; n += 1) assert.equal(await socket.emitWithAck('echo', n), n)
      await upgraded
      assert.equal(socket.io.engine.transport.name, transports.at(-1))
      assert.equal(await socket.emitWithAck('echo', 'last'), 'last')
      socket.disconnect()
    }
  },
}

for (const [name, check] of Object.entries(checks)) {
  await check()
  console.log(`ok ${name}`)
}
console.log(`passed ${Object.keys(checks).length}`)
