// The official socket.io-client, whose WebSockets offer permessage-deflate, against a server that takes it (V9). Usage:
// node official-deflate.mjs <url> <on|off>.

import assert from 'node:assert/strict'
import { io } from 'socket.io-client'

const [url, wanted] = process.argv.slice(2)
assert.ok(url && wanted, 'usage: node official-deflate.mjs <url> <on|off>')

const socket = io(url, { auth: { token: 'ana' }, transports: ['websocket'], reconnection: false, perMessageDeflate: { threshold: 0 } })
await new Promise((resolve, reject) => {
  socket.on('connect', resolve)
  socket.on('connect_error', reject)
})
const { ws } = socket.io.engine.transport
assert.equal(ws.extensions.includes('permessage-deflate'), wanted === 'on', ws.extensions)

const texts = ['', 'short', 'wärme '.repeat(100), 'x'.repeat(900_000)]
const before = [ws._socket.bytesRead, ws._socket.bytesWritten]
for (const text of [...texts, ...texts]) assert.equal(await socket.emitWithAck('echo', text), text)
const read = ws._socket.bytesRead - before[0]
const written = ws._socket.bytesWritten - before[1]
assert.equal(read < 20_000, wanted === 'on', `${read} bytes came`)
assert.equal(written < 20_000, wanted === 'on', `${written} bytes went`)

// Many at once, each on its own: in order.
const answers = await Promise.all(Array.from({ length: 500 }, (_, n) => socket.emitWithAck('echo', `${n} `.repeat(200))))
answers.forEach((answer, n) => assert.equal(answer, `${n} `.repeat(200)))
socket.close()
console.log('passed 1')
