// Strangers, the other way (issue test 5; C1, C2, C5, C6, C7, Q9, Q10, Y3, P3): our client in real Chromium against the official Node
// socket.io server in a process of its own, on another origin, with a proxy between.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { launch } from '../support/browser.mjs'
import { bundle, servePage } from '../support/bundle.mjs'
import { ends, whileAlive } from '../support/endings.mjs'
import { Proxy } from '../support/proxy.mjs'

let site
let browser

before(async () => {
  site = await servePage(await bundle('foreign-page.js'))
  browser = await launch()
})

after(async () => {
  await browser?.close()
  await site?.stop()
})

/** The foreign app. */
class App {
  #process
  port = 0

  async start() {
    const program = fileURLToPath(new URL('../peers/foreign-app.mjs', import.meta.url))
    const child = ends(spawn(process.execPath, [program, String(this.port)], { stdio: ['pipe', 'pipe', 'inherit'] }))
    this.#process = child
    const [line] = await once(createInterface({ input: child.stdout }), 'line')
    this.port = Number(/^listening on (\d+)$/.exec(line)[1])
  }

  async kill() {
    const gone = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await gone
  }

  async stop() {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await this.kill()
  }

  /** The requests of its present life, without preflights. */
  async seen(line) {
    const response = await fetch(`http://127.0.0.1:${this.port}/seen`)
    const all = await response.json()
    return all.filter(({ method, url }) => method !== 'OPTIONS' && `${method} ${url}`.startsWith(line))
  }
}

/** Runs `body` with an app, a network and a page of its own. A page that threw fails it. */
const abroad = (body) => async () => {
  const app = new App()
  await app.start()
  const network = await Proxy.start(app)
  const context = await browser.newContext()
  try {
    const page = await context.newPage()
    const errors = []
    page.on('pageerror', (error) => errors.push(error))
    await page.goto(site.origin)
    await whileAlive(browser, () => body({ app, network, page, url: network.origin }))
    if (errors.length > 0) throw new AggregateError(errors, 'the page threw')
  } finally {
    await context.close()
    await network.stop()
    await app.stop()
  }
}

/** Connects, and leaves the client in the page as `lab.one`. */
const connect = (page, url, options) =>
  page.evaluate(
    async ([url, options]) => {
      lab.one = lab.open(url, options)
      await lab.one.tw.connect()
    },
    [url, options],
  )

test('C1 C5 C10 connects with the token, and says that the server does not speak our dialect', abroad(async ({ page, url }) => {
  await connect(page, url)
  const { hello, states } = await page.evaluate(async () => ({ hello: (await lab.one.hear(1))[0], states: lab.one.states }))
  assert.equal(hello.payload.token, 'good')
  assert.deepEqual(states.map(({ status }) => status), ['idle', 'connecting', 'connected'])
  assert.equal(states[2].tidewire, false)
  assert.ok(states[2].sid.length > 0)
}))

test('C1 C6 P3 events go both ways with all their arguments, and an acknowledgement comes or runs out', abroad(async ({ page, url }) => {
  await connect(page, url, { emitTimeout: 1_000 })
  const message = { text: 'Grüße 🌊', nested: [1, null, { deep: '"' }] }
  const { heard, sum, never } = await page.evaluate(async (message) => {
    const { tw, hear } = lab.one
    await tw.join('activities').result
    tw.emit('say', 'activities', message)
    const sum = await tw.emitWithAck('sum', 20, 22)
    const never = await tw.emitWithAck('never', 1).then(() => 'answered', ({ code }) => code)
    return { heard: await hear(2), sum, never }
  }, message)
  assert.deepEqual(heard[1], { name: 'said', payload: message, args: [message, 'second argument'], replayed: false, own: false, room: null })
  assert.deepEqual(sum, { sum: 42 })
  assert.equal(never, 'TIMEOUT')
}))

test('C7 V3 a room is joined, refused with the reason, or joined although no answer ever comes', abroad(async ({ page, url }) => {
  await connect(page, url)
  const { results, states, said } = await page.evaluate(async () => {
    const { tw, hear } = lab.one
    const rooms = ['activities', 'secret', 'silent'].map((room) => tw.join(room))
    const results = await Promise.all(rooms.map(({ result }) => result))
    for (const room of ['secret', 'activities', 'silent']) tw.emit('say', room, room)
    const heard = await hear(3)
    return { results, states: rooms.map(({ state }) => state.get()), said: heard.slice(1).map(({ payload }) => payload) }
  })
  const joined = { success: true, recovered: false }
  assert.deepEqual(results, [joined, { success: false, code: 'DENIED', error: 'Unauthorized' }, joined])
  assert.deepEqual(states, [{ status: 'joined', recovered: false }, { status: 'denied', reason: 'Unauthorized' }, { status: 'joined', recovered: false }])
  assert.deepEqual(said, ['activities', 'silent'])
}))

test('C2 C6 C7 the server is killed and started again: back by itself, rooms joined again, what waited is sent', abroad(async ({ app, page, url }) => {
  await connect(page, url, { emitTimeout: 60_000 })
  await page.evaluate(async () => {
    const { tw } = lab.one
    lab.room = tw.join('activities')
    await lab.room.result
    lab.lost = tw.emitWithAck('never', 1).then(() => 'answered', ({ code }) => code)
    // The link has carried it: this comes behind it and is answered.
    await tw.emitWithAck('sum', 1, 1)
    lab.down = lab.until(tw.connection, ({ status }) => status === 'waiting')
    lab.out = lab.until(lab.room.state, ({ status }) => status === 'waiting')
  })
  await app.kill()
  const down = await page.evaluate(async () => ({ state: await lab.down, room: await lab.out, lost: await lab.lost }))
  assert.equal(down.state.status, 'waiting')
  assert.equal(down.lost, 'MAYBE_LOST')
  await page.evaluate(() => {
    lab.later = lab.one.tw.emitWithAck('sum', 2, 2).then(({ sum }) => sum, ({ code }) => code)
    lab.back = lab.until(lab.one.tw.connection, ({ status }) => status === 'connected')
  })
  await app.start()
  const back = await page.evaluate(async () => {
    const { tw, hear, states } = lab.one
    await lab.back
    await lab.until(lab.room.state, ({ status }) => status === 'joined')
    tw.emit('say', 'activities', 'back')
    const heard = await hear(3)
    return { later: await lab.later, heard, states }
  })
  assert.equal(back.later, 4)
  assert.deepEqual(back.heard.map(({ name }) => name), ['hello', 'hello', 'said'])
  assert.notEqual(back.heard[0].payload.life, back.heard[1].payload.life, 'another process')
  assert.equal(back.heard[2].payload, 'back')
  const [first, second] = back.states.filter(({ status }) => status === 'connected')
  assert.notEqual(first.sid, second.sid)
}))

test('C5 a refusal of the middleware has its code and its sentence, and is final after one fresh token', abroad(async ({ page, url }) => {
  const refusals = await page.evaluate(async (url) => {
    const refusals = []
    for (const token of ['forged', 'barred', 'mute']) {
      const { tw, tokens } = lab.open(url, { token })
      const reported = await tw.connect().then(() => 'connected', ({ code, message }) => ({ code, message }))
      refusals.push({ reported, state: tw.connection.get(), tokens })
      tw.stop()
    }
    return refusals
  }, url)
  const refused = (code, message) => ({
    reported: { code, message },
    state: { status: 'refused', code, message },
  })
  const twice = [{ fresh: false }, { fresh: true }]
  assert.deepEqual(refusals, [
    { ...refused('AUTH', 'who are you?'), tokens: twice },
    { ...refused('CLOSED', 'not before noon'), tokens: twice },
    { ...refused('AUTH', 'no data with this'), tokens: twice },
  ])
}))

/** An active query over `GET /items`, bound to two rooms. */
const showItems = (page, url) =>
  page.evaluate(async (url) => {
    const rules = { rooms: { activities: () => [['items']], more: () => [['items']] } }
    lab.one = lab.open(url, { rules })
    const client = new lab.QueryClient()
    lab.bindQueryClient(lab.one.tw, client)
    await lab.one.tw.connect()
    lab.rooms = ['activities', 'more'].map((room) => lab.one.tw.join(room))
    await Promise.all(lab.rooms.map(({ result }) => result))
    const queryFn = async () => (await lab.one.tw.fetch('/items')).json()
    const observer = new lab.QueryObserver(client, { queryKey: ['items'], queryFn, retry: false, refetchOnWindowFocus: false })
    lab.items = { get: () => observer.getCurrentResult(), subscribe: (callback) => observer.subscribe(callback) }
    observer.subscribe(() => {})
    await lab.until(lab.items, ({ isSuccess, isFetching }) => isSuccess && !isFetching)
  }, url)


/** Kills the app and starts it again. Its answer to the first GET of the new life comes when the rooms are joined. */
async function restart({ app, network, page }) {
  await page.evaluate(() => {
    lab.life = lab.items.get().data.life
    lab.down = lab.until(lab.one.tw.connection, ({ status }) => status === 'waiting')
  })
  await app.kill()
  await page.evaluate(() => lab.down)
  const read = network.hold(/^GET \/items /)
  await app.start()
  await page.evaluate(() => Promise.all(lab.rooms.map(({ state }) => lab.until(state, ({ status }) => status === 'joined'))))
  await read.requestReached
  read.forward()
  await read.answerReached
  read.pass()
  return page.evaluate(async () => {
    const { life } = (await lab.until(lab.items, ({ data }) => data.life !== lab.life)).data
    // What the new data caused, if anything, has been asked for before this answer comes; and then it is over.
    await lab.one.tw.emitWithAck('sum', 1, 1)
    await lab.until(lab.items, ({ isFetching }) => !isFetching)
    return life
  })
}

test('Y3 after every reconnect the bound queries show what the server has now', abroad(async (scene) => {
  await showItems(scene.page, scene.url)
  const first = await scene.page.evaluate(() => lab.items.get().data.life)
  const second = await restart(scene)
  const third = await restart(scene)
  assert.equal(new Set([first, second, third]).size, 3)
}))

test('Y3 and they are fetched once for each reconnect, in however many rooms they are', abroad(async (scene) => {
  await showItems(scene.page, scene.url)
  assert.equal((await scene.app.seen('GET /items')).length, 1)
  for (const _turn of [1, 2]) {
    await restart(scene)
    assert.equal((await scene.app.seen('GET /items')).length, 1, 'its new life was asked once')
  }
}))

/** No name of a header that only our own server knows. */
const assertPlain = (headers) => {
  const ours = Object.keys(headers).filter((name) => /^(tidewire-|idempotency-)/.test(name))
  assert.deepEqual(ours, [])
}

/** Queues a write in the page; `end` waits for what comes of it. */
const submit = (page, write) =>
  page.evaluate(async (write) => {
    lab.write = lab.one.tw.submit(write)
    lab.end = lab.write.acknowledged.then(
      ({ status, data }) => ({ status, data }),
      ({ code }) => ({ code }),
    )
    await lab.write.durable
  }, write)
const end = (page) => page.evaluate(() => lab.end)

test('Q9 Q10 a write to plain REST is applied, and no header of ours goes with it', abroad(async ({ app, network, page, url }) => {
  await connect(page, url)
  await submit(page, { method: 'POST', path: '/visits', body: { who: 'ana' } })
  assert.deepEqual(await end(page), { status: 201, data: { visits: 1 } })
  await page.evaluate(() => lab.write.settled)
  const [visit, ...more] = await app.seen('POST /visits')
  assert.deepEqual(more, [])
  assert.deepEqual(visit.body, { who: 'ana' })
  assertPlain(visit.headers)
  // Nor did the browser ask for leave to send any.
  const preflights = network.requests.filter(({ line }) => line.startsWith('OPTIONS /visits '))
  assert.ok(preflights.length > 0)
  for (const { headers } of preflights) assert.equal(headers['access-control-request-headers'], 'authorization,content-type')
}))

test('Q9 Q13 a POST whose answer was lost is parked as unknown, and sent again only when a person says so', abroad(async ({ app, network, page, url }) => {
  await connect(page, url)
  const lost = network.loseAnswer(/^POST \/visits /)
  await submit(page, { method: 'POST', path: '/visits', body: { n: 1 } })
  await lost
  assert.deepEqual(await end(page), { code: 'UNKNOWN' })
  assert.deepEqual((await app.seen('POST')).map(({ body }) => body), [{ n: 1 }])

  // Not by the next write of its lane, not by a pass over the queue, not by a new page.
  await submit(page, { method: 'POST', path: '/visits', body: { n: 2 } })
  assert.deepEqual(await end(page), { status: 201, data: { visits: 2 } })
  await page.evaluate(() => lab.write.settled)
  await page.reload()
  await connect(page, url)
  const parked = await page.evaluate(async () => {
    const { tw } = lab.one
    await tw.ready
    await lab.until(tw.outbox, ({ ready, blocked }) => ready && blocked === undefined)
    tw.process()
    return tw.outbox.get().writes.map(({ id, state, error }) => ({ id, state, code: error.code }))
  })
  assert.deepEqual(parked.map(({ state, code }) => ({ state, code })), [{ state: 'parked', code: 'UNKNOWN' }])
  await submit(page, { method: 'POST', path: '/visits', body: { n: 3 } })
  assert.deepEqual(await end(page), { status: 201, data: { visits: 3 } })
  assert.deepEqual((await app.seen('POST')).map(({ body }) => body), [{ n: 1 }, { n: 2 }, { n: 3 }])

  await page.evaluate(async (id) => {
    const { tw } = lab.one
    tw.retry(id)
    await lab.until(tw.outbox, ({ writes }) => writes.length === 0)
  }, parked[0].id)
  assert.deepEqual((await app.seen('POST')).map(({ body }) => body), [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 1 }])
}))

test('Q9 a PUT whose answer was lost is sent again', abroad(async ({ app, network, page, url }) => {
  await connect(page, url)
  const lost = network.loseAnswer(/^PUT \/items\/7 /)
  await submit(page, { method: 'PUT', path: '/items/7', body: { name: 'Schüssel' } })
  await lost
  assert.deepEqual(await end(page), { status: 200, data: { name: 'Schüssel' } })
  const puts = await app.seen('PUT /items/7')
  assert.deepEqual(puts.map(({ body }) => body), [{ name: 'Schüssel' }, { name: 'Schüssel' }])
  for (const { headers } of puts) assertPlain(headers)
}))
