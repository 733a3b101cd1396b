// `socket.io-client` doing the same job as `src/main.rs`; and the server for all of them: `node.mjs serve`.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { io } from 'socket.io-client'
import { Server } from 'socket.io'

const payload = {
  activityId: '0b7f8f8e-6c57-4f0b-9a55',
  likeCount: 17,
  userId: 'ben',
  title: 'Bouldern am Mittwoch, danach Suppe',
}

function serve() {
  const http = createServer()
  const server = new Server(http, { transports: ['websocket'] })
  server.on('connection', (socket) => {
    socket.on('echo', (value, ack) => ack(value))
    socket.on('flood', async (count, value) => {
      // In pieces, so that the server's own memory is not what is measured.
      for (let sent = 0; sent < count; ) {
        for (const end = Math.min(count, sent + 500); sent < end; sent += 1) socket.emit('told', value)
        await new Promise((resume) => setImmediate(resume))
      }
    })
  })
  http.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${http.address().port}`))
}

const kb = (key) => Number(readFileSync('/proc/self/status', 'utf8').match(new RegExp(`${key}:\\s+(\\d+)`))[1])
const cpu = () => {
  const { user, system } = process.cpuUsage()
  return user + system
}

function connect(url) {
  const socket = io(url, { transports: ['websocket'], forceNew: true })
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket))
    socket.once('connect_error', reject)
  })
}

async function echo(socket, count, window) {
  let left = count
  const one = async () => {
    while (left > 0) {
      left -= 1
      await new Promise((resolve) => socket.emit('echo', payload, resolve))
    }
  }
  await Promise.all(Array.from({ length: window }, one))
}

function flood(socket, count) {
  return new Promise((resolve) => {
    let told = 0
    socket.on('told', (value) => {
      if (value.likeCount === 17) told += 1
      if (told === count) resolve()
    })
    socket.emit('flood', count, payload)
  })
}

async function measure(what, url, count) {
  const socket = await connect(url)
  if (what === 'memory') {
    const one = kb('VmRSS')
    for (let made = 0; made < count; made += 1) await connect(url)
    return { idle_kb: one, kb_per_connection: (kb('VmRSS') - one) / count }
  }
  await echo(socket, 100, 10)
  const began = performance.now()
  const before = cpu()
  if (what === 'flood') await flood(socket, count)
  else await echo(socket, count, what === 'echo1' ? 1 : 64)
  const seconds = (performance.now() - began) / 1000
  return { per_second: count / seconds, cpu_us: (cpu() - before) / count, peak_kb: kb('VmHWM') }
}

const [what, url, count] = process.argv.slice(2)
if (what === 'serve') serve()
else {
  const figures = await measure(what, url, Number(count))
  for (const [name, value] of Object.entries(figures)) console.log(`${name}\t${value}`)
  process.exit(0)
}
