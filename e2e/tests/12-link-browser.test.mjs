// What a link carries (C1, C6, C9, P3): our client in real Chromium against the official Node socket.io server on another origin, over
// WebSocket and over polling, with text packets and with MessagePack.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { Server } from 'socket.io'
import * as parser from 'socket.io-msgpack-parser'
import { launch } from '../support/browser.mjs'
import { bundle, servePage } from '../support/bundle.mjs'
import { whileAlive } from '../support/endings.mjs'

let site
let browser

before(async () => {
  site = await servePage(await bundle('lab-page.js'))
  browser = await launch()
})

after(async () => {
  await browser?.close()
  await site?.stop()
})

/** A foreign server for one test, and a page that knows where it is. */
const meeting = (options, body) => async () => {
  const http = createServer()
  const io = new Server(http, { cors: { origin: true }, ...options })
  io.on('connection', (socket) => {
    socket.on('echo', (value, part, answer) => {
      socket.emit('said', value, { parts: [part, Buffer.from('ü')] })
      answer({ transport: socket.conn.transport.name, reversed: Buffer.from(part).reverse() })
    })
    socket.on('ask me', (question) => socket.emit('question', question, (...answer) => socket.emit('you said', ...answer)))
  })
  io.of('/chat').on('connection', (socket) => socket.on('say', (text, answer) => answer(`chat heard ${text}`)))
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const context = await browser.newContext()
  try {
    const page = await context.newPage()
    const errors = []
    page.on('pageerror', (error) => errors.push(error))
    await page.goto(site.origin)
    await whileAlive(browser, () => body({ io, page, url: `http://127.0.0.1:${http.address().port}` }))
    if (errors.length > 0) throw new AggregateError(errors, 'the page threw')
  } finally {
    await context.close()
    http.closeAllConnections()
    await io.close()
  }
}

const variants = [
  { name: 'WebSocket', transport: 'websocket', options: {}, client: {} },
  { name: 'WebSocket, MessagePack', transport: 'websocket', options: { parser }, client: { msgpack: true } },
  { name: 'polling, because WebSocket is not let through', transport: 'polling', options: { transports: ['polling'] }, client: {} },
  { name: 'polling, MessagePack', transport: 'polling', options: { transports: ['polling'], parser }, client: { msgpack: true } },
]

for (const { name, transport, options, client } of variants) {
  test(`C1 P3 bytes, answers both ways and a namespace over one link: ${name}`, meeting(options, async ({ io, page, url }) => {
    const seen = await page.evaluate(
      async ([url, { msgpack }]) => {
        const tw = lab.createTidewire({ url, user: 'ana', backend: 'foreign', ...(msgpack ? { parser: lab.msgpack } : {}) })
        tw.connect().catch(() => {}) // where only polling is let through the first attempt fails
        await lab.until(tw.connection, ({ status }) => status === 'connected')
        const plain = (value) => JSON.parse(JSON.stringify(value, (_key, item) => (item instanceof Uint8Array ? [...item] : item)))
        const said = new Promise((resolve) => tw.on('said', (_value, { args }) => resolve(plain(args))))
        const answered = new Promise((resolve) => tw.on('you said', (_value, { args }) => resolve(plain(args))))
        tw.on('question', (question, { reply }) => reply({ ...question, answer: 42 }, new Uint8Array([4, 2])))
        const echo = plain(await tw.emitWithAck('echo', { text: 'Grüße 🌊' }, new Uint8Array([1, 2, 3])))
        tw.emit('ask me', { q: 1 })
        const chat = tw.namespace('/chat')
        const heard = await chat.emitWithAck('say', 'hello')
        return { echo, said: await said, answered: await answered, heard, chat: chat.state.get().status }
      },
      [url, client],
    )
    assert.deepEqual(seen, {
      echo: { transport, reversed: [3, 2, 1] },
      said: [{ text: 'Grüße 🌊' }, { parts: [[1, 2, 3], [195, 188]] }],
      answered: [{ q: 1, answer: 42 }, [4, 2]],
      heard: 'chat heard hello',
      chat: 'connected',
    })
    assert.equal(io.engine.clientsCount, 1)
  }))
}
