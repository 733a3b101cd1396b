// Strangers (issue test 5; V1, V3): the official socket.io-client against the real Activities server on its database.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { io } from 'socket.io-client'
import { Server } from '../support/server.mjs'

/** Runs `body` with a server of its own, and closes what it opened. */
const withServer = (body) => async () => {
  const server = await Server.start()
  const sockets = []
  const open = (auth) => {
    const socket = io(server.origin, { transports: ['websocket'], forceNew: true, auth })
    const events = []
    socket.onAny((...event) => events.push(event))
    sockets.push(socket)
    return { socket, events }
  }
  try {
    await body(server, open)
  } finally {
    for (const socket of sockets) socket.disconnect()
    await server.stop()
  }
}

test('V1 V3 a stranger with a token joins a room and gets name and payload', withServer(async (server, open) => {
  const { socket } = open({ token: await server.login('ana') })
  await once(socket, 'connect')
  const joined = await socket.emitWithAck('room:join', { roomId: 'activities' })
  assert.equal(joined.success, true)
  const created = once(socket, 'activity:created')
  const activity = await server.request('ben', 'POST', '/api/activities', { title: 'Picknick im Café' })
  const [payload, ...rest] = await created
  assert.deepEqual(rest, [])
  assert.equal(payload.id, activity.id)
  assert.equal(payload.title, 'Picknick im Café')
  assert.equal('liked' in payload, false)
}))

test('V2 a bad token gets a connect_error with a code', withServer(async (_, open) => {
  const { socket } = open({ token: 'forged' })
  const [error] = await once(socket, 'connect_error')
  assert.equal(error.data.code, 'AUTH')
  assert.equal(socket.connected, false)
}))

test('V3 a forbidden room is refused and none of its events arrive', withServer(async (server, open) => {
  const activity = await server.request('ben', 'POST', '/api/activities', { title: 'Ben alone' })
  await server.request('ben', 'POST', `/api/activities/${activity.id}/participants`)
  const { socket, events } = open({ token: await server.login('ana') })
  await once(socket, 'connect')
  const refused = await socket.emitWithAck('room:join', { roomId: `activity_${activity.id}` })
  assert.deepEqual(refused, { error: 'Unauthorized' })
  await socket.emitWithAck('room:join', { roomId: 'activities' })
  await server.request('ben', 'POST', `/api/activities/${activity.id}/messages`, { text: 'not for ana' })
  const liked = once(socket, 'activity:like_added')
  await server.request('ben', 'POST', `/api/activities/${activity.id}/like`)
  await liked
  assert.deepEqual(events.map(([name]) => name).filter((name) => name.startsWith('message:')), [])
}))

test('V7 after kill -9 the official client is back by itself, and joins and gets events again', withServer(async (server, open) => {
  const { socket } = open({ token: await server.login('ana') })
  await once(socket, 'connect')
  const lost = once(socket, 'disconnect')
  await server.kill()
  await lost
  const back = once(socket, 'connect')
  await server.start()
  await back
  assert.equal((await socket.emitWithAck('room:join', { roomId: 'activities' })).success, true)
  const created = once(socket, 'activity:created')
  await server.request('ben', 'POST', '/api/activities', { title: 'After the crash' })
  assert.equal((await created)[0].title, 'After the crash')
}))
