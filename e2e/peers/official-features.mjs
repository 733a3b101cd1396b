// The official socket.io-client against the server of `cargo run -p tidewire-server --example conformance -- client` (V1): what
// the client's own suite asks of a server, in our own words. Usage: node official-features.mjs <url>.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { io } from 'socket.io-client'
import msgpackParser from 'socket.io-msgpack-parser'

const url = process.argv[2]
assert.ok(url, 'usage: node official-features.mjs <url>')

const open = (namespace = '', options = {}) => io(url + namespace, { forceNew: true, reconnection: false, ...options })

/** What an event brings, after `emit` was sent. */
async function ask(socket, emit, answer) {
  const told = once(socket, answer)
  socket.emit(...emit)
  return told
}

/** Checks that hold over every transport and with every parser. */
const everywhere = {
  async 'acknowledgements both ways'(socket) {
    socket.on('ack', (answer) => answer(5, { test: true }))
    await ask(socket, ['ack'], 'got it')
    assert.equal(await socket.emitWithAck('echo', 'again'), 'again')
  },
  async 'texts of all alphabets'(socket) {
    const texts = []
    socket.on('takeUtf8', (text) => texts.push(text))
    socket.emit('getUtf8')
    assert.equal(await socket.emitWithAck('echo', '💧'), '💧')
    assert.deepEqual(texts, ['てすと', 'Я Б Г Д Ж Й', 'Ä ä Ü ü ß', 'utf8 — string', 'utf8 — string'])
  },
  async 'values that are easily lost'(socket) {
    assert.deepEqual((await ask(socket, ['false'], 'false')).slice(0, 1), [false])
    for (const value of [null, 0, -1, 1.5, '', [], {}, { a: [null, { b: -(2 ** 40) }] }]) {
      assert.deepEqual(await socket.emitWithAck('echo', value), value)
    }
  },
  async 'bytes from the server'(socket) {
    const [bytes] = await ask(socket, ['doge'], 'doge')
    assert.equal(Buffer.from(bytes).toString(), 'asdfasdf')
  },
  async 'bytes to the server, alone and inside JSON'(socket) {
    await ask(socket, ['buffa', Buffer.from('howdy')], 'buffack')
    const mixed = { hello: 'lol', message: Buffer.from('howdy'), goodbye: 'gotcha' }
    await ask(socket, ['jsonbuff', mixed], 'jsonbuff-ack')
    socket.emit('abuff1', Buffer.from('first'))
    await ask(socket, ['abuff2', 'second'], 'abuff2-ack')
  },
  async 'a thousand events in their order'(socket) {
    const answers = []
    for (let n = 0; n < 1_000; n += 1) socket.emit('echo', n, (value) => answers.push(value))
    await socket.emitWithAck('echo', 'last')
    assert.deepEqual(answers, Array.from({ length: 1_000 }, (_, n) => n))
  },
}

const ways = {
  'WebSocket': { transports: ['websocket'] },
  'polling': { transports: ['polling'] },
  'polling that moves to a WebSocket': {},
  'MessagePack over a WebSocket': { transports: ['websocket'], parser: msgpackParser },
  'MessagePack over polling': { transports: ['polling'], parser: msgpackParser },
}

const checks = {
  async 'namespaces on one connection, each with its own id'() {
    const main = open()
    const foo = main.io.socket('/foo')
    foo.connect()
    await Promise.all([once(main, 'connect'), once(foo, 'connect')])
    const ids = await Promise.all([main.emitWithAck('getId'), foo.emitWithAck('getId')])
    assert.deepEqual(ids, [main.id, foo.id])
    assert.notEqual(main.id, foo.id)
    foo.disconnect()
    assert.equal(await main.emitWithAck('echo', 1), 1)
    foo.connect()
    await once(foo, 'connect')
    main.io._close()
  },
  async 'what a client says in its query and its data reaches the app'() {
    const socket = open('', { query: { '&a': '&=?a' }, auth: { a: 'b' } })
    await once(socket, 'connect')
    const said = await socket.emitWithAck('getHandshake')
    assert.deepEqual([said.query['&a'], said.auth.a], ['&=?a', 'b'])
    socket.disconnect()
    const abc = open('/abc', { query: { b: 'c' } })
    const [greeting] = await once(abc, 'handshake')
    assert.equal(greeting.query.b, 'c')
    abc.disconnect()
  },
  async 'refusals come as connect_error, for a namespace alone too'() {
    const refused = open('?fail=1')
    assert.match((await once(refused, 'connect_error'))[0].message, /main namespace/)
    const main = open()
    const no = main.io.socket('/no')
    no.connect()
    assert.match((await once(no, 'connect_error'))[0].message, /custom namespace/)
    const random = main.io.socket('/random')
    random.connect()
    assert.equal((await once(random, 'connect_error'))[0].message, 'Invalid namespace')
    if (!main.connected) await once(main, 'connect')
    assert.equal(await main.emitWithAck('echo', 1), 1)
    main.io._close()
    refused.io._close()
  },
  async 'what nobody handles and what is not acknowledged times out on the client'() {
    const socket = open()
    await once(socket, 'connect')
    for (const name of ['unknown', 'hi']) {
      await assert.rejects(socket.timeout(200).emitWithAck(name), /timed out/)
    }
    socket.disconnect()
  },
  async 'a session comes back after its transport died'() {
    const socket = open('', { reconnection: true, reconnectionDelay: 10 })
    await once(socket, 'connect')
    await ask(socket, ['hi'], 'hi')
    const { id } = socket
    const back = once(socket, 'connect')
    socket.io.engine.close()
    await back
    assert.deepEqual([socket.recovered, socket.id], [true, id])
    socket.disconnect()
  },
}

let passed = 0
for (const [way, options] of Object.entries(ways)) {
  const socket = open('', options)
  await once(socket, 'connect')
  for (const [name, check] of Object.entries(everywhere)) {
    await check(socket)
    console.log(`ok ${way}: ${name}`)
    passed += 1
  }
  socket.disconnect()
}
for (const [name, check] of Object.entries(checks)) {
  await check()
  console.log(`ok ${name}`)
  passed += 1
}
console.log(`passed ${passed}`)
