// What Hermes runs: a client on the platform of `@tidewire/react-native`, over a storage, a network and a server in this file. It queues, persists, sends, hears events,
// is killed and starts again, works off a burst; and prints what happened, and how long it took. What React Native gives and the Hermes VM alone does not is made first.
import { createTidewire, defineMutation } from '@tidewire/client'
import { asyncStorageStore, drain, mmkvStore, reactNative } from '@tidewire/react-native'

const BURST = 1000
const PAYLOAD = { activityId: '0b7f8f8e-6c57-4f0b-9a55', likeCount: 17, userId: 'ben', title: 'Bouldern am Mittwoch, danach Suppe — ★🌊' }

// ---- what React Native gives

const start = Date.now()
const globals = globalThis
globals.performance = globals.performance || { now: () => Date.now() - start }
globals.queueMicrotask = globals.queueMicrotask || ((work) => void Promise.resolve().then(work))
globals.AbortController = globals.AbortController || function AbortController() {
  this.signal = { aborted: false }
  this.abort = () => void (this.signal.aborted = true)
}

// Hermes alone has timers that do not wait.
const soon = globals.setTimeout
const timers = new Map()
let lastTimer = 0
globals.setTimeout = (work, delay) => {
  const timer = (lastTimer += 1)
  const due = Date.now() + (delay || 0)
  const look = () => {
    if (!timers.has(timer)) return
    if (Date.now() < due) return void soon(look, 0)
    timers.delete(timer)
    work()
  }
  timers.set(timer, look)
  soon(look, 0)
  return timer
}
globals.clearTimeout = (timer) => void timers.delete(timer)

// ---- the world

const log = []
let names = 0
function storageLike(kind) {
  const values = new Map()
  const mmkv = {
    id: `storage-${(names += 1)}`,
    set: (name, value) => void values.set(name, value),
    getString: (name) => (typeof values.get(name) === 'string' ? values.get(name) : undefined),
    getBuffer: (name) => (typeof values.get(name) === 'string' ? undefined : values.get(name)),
    contains: (name) => values.has(name),
    remove: (name) => values.delete(name),
    getAllKeys: () => Array.from(values.keys()),
  }
  const async = {
    getMany: async (keys) => { const all = {}; keys.forEach((key) => (all[key] = values.has(key) ? values.get(key) : null)); return all },
    setMany: async (entries) => Object.keys(entries).forEach((key) => values.set(key, entries[key])),
    removeMany: async (keys) => keys.forEach((key) => values.delete(key)),
    getAllKeys: async () => Array.from(values.keys()),
  }
  const port = () => (kind === 'MMKV' ? mmkvStore(mmkv) : asyncStorageStore(async))
  const put = kind === 'MMKV' ? (name, value) => mmkv.set(name, value) : (name, value) => async.setMany({ [name]: value })
  return { port, put, writes: () => Array.from(values.keys()).filter((name) => /^tw1\/r\/[^/]*\/w\//.test(name)).length }
}

/** The server's end of the one link. */
let link
globals.WebSocket = function WebSocket(url) {
  const socket = this
  socket.readyState = 0
  socket.url = url
  socket.close = () => void (socket.readyState = 3)
  socket.send = (frame) => {
    const ask = /^42(\d+)\["room:join",\{"roomId":"([^"]*)"/.exec(frame)
    if (frame.indexOf('40') === 0) say('40{"sid":"s","tidewire":1}')
    if (ask) say(`43${ask[1]}[{"success":true,"epoch":"k3j","offset":0,"recovered":false}]`)
  }
  const say = (frame) => setTimeout(() => socket.onmessage({ data: frame }), 0)
  link = socket
  setTimeout(() => {
    socket.readyState = 1
    socket.onopen()
    socket.onmessage({ data: '0{"sid":"e","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}' })
  }, 0)
}
globals.WebSocket.OPEN = 1

const turn = () => new Promise((resolve) => setTimeout(resolve, 0))
async function until(look, what) {
  for (let turns = 0; turns < 20000; turns += 1) {
    if (look()) return
    await turn()
  }
  throw new Error(`waited in vain: ${what}`)
}

let netInfo
let appState
let random = 0
function client(port, answers, more) {
  const sent = []
  const tw = createTidewire({
    ...more,
    url: 'https://example.test',
    user: 'ana',
    token: () => 'secret',
    mutations: [defineMutation({ name: 'message.send', version: 1, request: ({ id, text }) => ({ method: 'POST', path: '/api/messages', body: { id, text } }) })],
    platform: reactNative({
      storage: port,
      netInfo: { addEventListener: (listener) => ((netInfo = listener), () => undefined) },
      appState: { currentState: 'active', addEventListener: (type, listener) => ((appState = listener), { remove: () => undefined }) },
      getRandomValues: (bytes) => { for (let at = 0; at < bytes.length; at += 1) bytes[at] = ((random += 1) * 7919) & 255; return bytes },
    }),
    request: async (request) => {
      sent.push(request)
      if (!answers()) throw new TypeError('Network request failed')
      return { status: 201, headers: { get: (name) => ({ 'content-type': 'application/json', 'tidewire-outcome': 'applied' })[name.toLowerCase()] || null }, text: async () => '{}' }
    },
    log: ({ level, note, error }) => void (level === 'error' && log.push(`error: ${note} ${error}`)),
  })
  return { tw, sent }
}

async function story(kind) {
  const said = []
  const { port, writes } = storageLike(kind)
  let answering = false
  const first = client(port(), () => answering)
  const begun = Date.now()
  first.tw.start()
  await first.tw.ready
  const startup = Date.now() - begun
  const write = first.tw.submit('message.send', { id: 'm1', text: 'Grüße aus dem Tunnel 🌊' })
  said.push(`in this tick: ${first.tw.outbox.get().pending} pending, ${writes()} stored, ${first.sent.length} sent`)
  await write.durable
  said.push(`durable: ${writes()} stored`)
  await until(() => first.sent.length === 1, 'the first request')
  const key = first.sent[0].headers['Idempotency-Key']
  first.tw.stop() // killed without an answer
  answering = true
  const second = client(port(), () => answering)
  const drained = await drain(second.tw, { budgetMs: 60000 })
  said.push(`after the kill: ${JSON.stringify(drained)}, the same key ${second.sent.every((one) => one.headers['Idempotency-Key'] === key)}, body ${second.sent[0].body}`)
  await until(() => writes() === 0, 'an empty queue')
  await second.tw.connect()
  said.push(`connected: ${JSON.stringify(second.tw.connection.get())}`)
  const room = second.tw.join('activities')
  await room.result
  const heard = []
  second.tw.on('activity:like_added', (payload, meta) => heard.push([payload.likeCount, payload.title, meta.room]))
  link.onmessage({ data: frame(1) })
  link.onmessage({ data: frame(1) })
  await until(() => heard.length > 0, 'an event')
  await turn()
  said.push(`heard: ${JSON.stringify(heard)}`)

  // A burst in one turn of the platform; between the slices it may draw, which a timer stands for.
  heard.length = 0
  const gaps = []
  let last = Date.now()
  let running = true
  const tick = () => {
    const now = Date.now()
    gaps.push(now - last)
    last = now
    if (running) setTimeout(tick, 0)
  }
  setTimeout(tick, 0)
  await turn()
  gaps.length = 0
  const burst = Date.now()
  for (let at = 2; at <= BURST + 1; at += 1) link.onmessage({ data: frame(at) })
  // On a phone each frame is a turn of its own: what handing all of them over takes is no slice.
  last = Date.now()
  const taken = last - burst
  await until(() => heard.length >= BURST, 'the burst')
  const all = Date.now() - burst
  running = false
  said.push(`burst: ${heard.length} events`)
  second.tw.stop()
  return { said, figures: { startup, burst: all, taken, slices: gaps.length, longest: Math.max.apply(null, gaps), over: gaps.filter((gap) => gap > 8).length } }
}

/** `count` times one after another, after some that do not count: milliseconds of each. */
async function times(count, work) {
  const all = []
  for (let at = -20; at < count; at += 1) {
    const before = globals.performance.now()
    await work(at)
    if (at >= 0) all.push(globals.performance.now() - before)
  }
  all.sort((a, b) => a - b)
  return { p50: all[count >> 1], p99: all[Math.floor(count * 0.99)], mean: all.reduce((sum, one) => sum + one, 0) / count }
}

/**
 * From the call to the storage, for the benchmark: a write of the client's until it is durable; one value as large as its record, put by the app itself; and the queue as
 * an app without a client keeps it, one text with all that wait.
 */
async function waits(kind, count) {
  const { port, put } = storageLike(kind)
  const { tw } = client(port(), () => false, { queue: { pending: count + 20 } })
  tw.start()
  await tw.ready
  tw.setProcessing(false)
  const text = 'Grüße aus dem Tunnel, und noch etwas mehr, wie man es so schreibt'
  const ours = await times(count, (at) => tw.submit('message.send', { id: `m${at}`, text }).durable)
  if (tw.outbox.get().pending !== count + 20) throw new Error('writes are missing')
  tw.stop()
  const value = 'x'.repeat(460)
  const alone = await times(count, (at) => put(`value-${at}`, value))
  let queue = []
  for (let at = 0; at < 100; at += 1) queue.push({ id: `m${at}`, endpoint: '/api/messages', method: 'POST', data: { text }, timestamp: at, retries: 0 })
  const whole = await times(count, (at) => {
    queue = queue.slice(1).concat({ id: `n${at}`, endpoint: '/api/messages', method: 'POST', data: { text }, timestamp: at, retries: 0 })
    return put('queue', JSON.stringify(queue))
  })
  return { ours, alone, whole }
}

function frame(offset) {
  return `42["tw",["activities","k3j",${offset},"e${offset}",""],"activity:like_added",${JSON.stringify(PAYLOAD)}]`
}

async function run() {
  const stories = {}
  for (const kind of ['MMKV', 'AsyncStorage']) {
    stories[kind] = await story(kind)
    if (globals.WRITES) Object.assign(stories[kind].figures, await waits(kind, globals.WRITES))
  }
  return { stories, log, heardNet: typeof netInfo, heardApp: typeof appState, loaded: start - (globals.began || start) }
}

run().then(
  (result) => print(JSON.stringify(result)),
  (error) => print(JSON.stringify({ failed: String(error), stack: String(error && error.stack), log })),
)
