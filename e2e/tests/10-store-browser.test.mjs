// The IndexedDB store in real Chromium: the conformance suite of packages/client (Q1, Q2, Q19, Q20), and what only a real browser can
// show: two pages, a disk that is full (Q4), a browser that is killed (Q1), the bytes that a queue writes (Q3).
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { chromium } from 'playwright-core'
import { launch } from '../support/browser.mjs'
import { bundle, servePage } from '../support/bundle.mjs'
import { ends, whileAlive } from '../support/endings.mjs'

let site
let browser

before(async () => {
  site = await servePage(await bundle('store-page.js', { vitest: 'cases.mjs' }))
  browser = await launch()
})

after(async () => {
  await browser?.close()
  await site?.stop()
})

async function openPage(context) {
  const page = await context.newPage()
  await page.goto(site.origin)
  return page
}

/** Runs `body` with pages that share one storage, which nobody else has. */
const withPages = (body) => async (t) => {
  const context = await browser.newContext()
  try {
    await whileAlive(browser, () => body(() => openPage(context), t, context))
  } finally {
    await context.close()
  }
}

test('the conformance suite of the stores', withPages(async (open, t) => {
  const page = await open()
  const names = await page.evaluate(() => lab.cases.map(({ name }) => name))
  assert.ok(names.length > 10, `the suite has ${names.length} cases`)
  for (const [at, name] of names.entries()) {
    await t.test(name, () => page.evaluate((at) => lab.cases[at].run(), at))
  }
}))

test('Q1 every transaction that writes is strict, and the store says power-loss', withPages(async (open) => {
  const page = await open()
  const { durability, asked } = await page.evaluate(async () => {
    const begin = IDBDatabase.prototype.transaction
    const asked = []
    IDBDatabase.prototype.transaction = function (...args) {
      const transaction = begin.apply(this, args)
      if (transaction.mode === 'readwrite') asked.push(transaction.durability)
      return transaction
    }
    const store = await lab.indexedDbStore().open('p')
    await store.write([{ key: 'k', value: 'v' }])
    await store.write([{ key: 'k', value: null }], await store.lead())
    return { durability: store.durability, asked }
  })
  assert.equal(durability, 'power-loss')
  assert.deepEqual(asked, ['strict', 'strict', 'strict'])
}))

test('Q19 two pages: after the second one leads, nothing of the first is written any more', withPages(async (open) => {
  const [first, second] = [await open(), await open()]
  // The first writes one step after another, as fast as it can, until it is refused.
  await first.evaluate(async () => {
    const store = await lab.indexedDbStore().open('p')
    const epoch = await store.lead()
    const one = await lab.kindOf(store.write([{ key: 'count', value: '1' }], epoch))
    if (one !== 'stored') throw new Error(one)
    lab.end = (async () => {
      for (let count = 2; ; count += 1) {
        const outcome = await lab.kindOf(store.write([{ key: 'count', value: String(count) }, { key: `w/${count}`, value: 'x' }], epoch))
        if (outcome !== 'stored') return { outcome, stored: count - 1 }
      }
    })()
  })
  const counted = () =>
    second.evaluate(async () => {
      lab.store ??= await lab.indexedDbStore().open('p')
      lab.epoch ??= await lab.store.lead()
      const records = await lab.store.scan()
      const { value } = records.find(({ key }) => key === 'count')
      return { count: Number(value), last: Math.max(1, ...records.map(({ key }) => Number(key.split('/')[1] ?? 0))) }
    })
  const taken = await counted()
  assert.equal(taken.last, taken.count, 'a step is whole')
  assert.deepEqual(await first.evaluate(() => lab.end), { outcome: 'Fenced', stored: taken.count })
  assert.deepEqual(await counted(), taken)
  const ours = await second.evaluate(() => lab.kindOf(lab.store.write([{ key: 'count', value: '0' }], lab.epoch)))
  assert.equal(ours, 'stored')
}))

test('Q4 a disk without room is Full, the step is not there by half, and what was there stays', withPages(async (open, _t, context) => {
  const page = await open()
  const devtools = await context.newCDPSession(page)
  // Before the first write: what Chromium knew of the room then, it believes for a while.
  await devtools.send('Storage.overrideQuotaForOrigin', { origin: site.origin, quotaSize: 500_000 })
  await page.evaluate(async () => {
    lab.store = await lab.indexedDbStore().open('p')
    await lab.store.write([{ key: 'before', value: 'b' }])
  })
  const writeMegabyte = () =>
    page.evaluate(() => lab.kindOf(lab.store.write([{ key: 'small', value: 's' }, { key: 'large', value: new Uint8Array(1 << 20) }])))
  const keys = () => page.evaluate(async () => (await lab.store.scan()).map(({ key }) => key))
  assert.equal(await writeMegabyte(), 'Full')
  assert.deepEqual(await keys(), ['before'])
  await devtools.send('Storage.overrideQuotaForOrigin', { origin: site.origin })
  assert.equal(await writeMegabyte(), 'stored')
  assert.deepEqual(await keys(), ['before', 'large', 'small'])
}))

// Chromium tells a transaction that has just begun nothing any more when it evicts the storage: this test found no end then.
test('Q2 Q4 evicted at any moment, again and again: every step comes to its end, and the last one is there', withPages(async (open, _, context) => {
  const page = await open()
  const devtools = await context.newCDPSession(page)
  await page.evaluate(async () => {
    const store = await lab.indexedDbStore().open('p')
    lab.ends = []
    lab.over = false
    lab.stored = () => new Promise((resolve) => (lab.tell = resolve))
    const write = async (name) => {
      for (let n = 0; !lab.over; n += 1) {
        const end = await lab.kindOf(store.write([{ key: name, value: String(n) }]))
        if (end === 'stored') lab.tell?.()
        else lab.ends.push(end)
      }
    }
    lab.store = store
    lab.writers = ['a', 'b', 'c'].map(write)
  })
  for (let turn = 0; turn < 20; turn += 1) {
    await page.evaluate(() => lab.stored())
    await devtools.send('Storage.clearDataForOrigin', { origin: site.origin, storageTypes: 'indexeddb' })
  }
  const { ends, left } = await page.evaluate(async () => {
    lab.over = true
    await Promise.all(lab.writers)
    await lab.store.write([{ key: 'z', value: 'last' }])
    return { ends: lab.ends, left: (await lab.store.scan()).at(-1) }
  })
  assert.ok(ends.every((end) => end === 'Failed'), ends.join())
  assert.deepEqual(left, { key: 'z', value: 'last' })
}))

/** A Chromium that is ours to kill, on a profile that stays. */
async function startOn(profile) {
  // An empty page: that of a new tab is swapped while it loads, and whoever looks at it then may wait for ever.
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank']
  const child = ends(spawn(process.env.CHROMIUM_PATH ?? '/usr/bin/chromium', args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true }), { group: true })
  const gone = once(child, 'exit')
  // With all its processes: one that is left would go on writing.
  const kill = () => process.kill(-child.pid, 'SIGKILL')
  for await (const line of createInterface({ input: child.stderr })) {
    const url = /DevTools listening on (ws:\S+)/.exec(line)?.[1]
    if (url === undefined) continue
    child.stderr.resume()
    try {
      const connection = await chromium.connectOverCDP(url)
      return { page: await openPage(connection.contexts()[0]), kill: async () => (kill(), gone) }
    } catch (error) {
      kill()
      throw error
    }
  }
  throw new Error('Chromium did not start')
}

test('Q1 kill -9 of the browser loses nothing that was acknowledged', async () => {
  const profile = mkdtempSync(join(tmpdir(), 'tidewire-profile-'))
  try {
    const first = await startOn(profile)
    // Each key is reported once it is stored; the kill comes while more are being written.
    const acknowledged = []
    const enough = new Promise((resolve) => {
      void first.page.exposeFunction('stored', (key) => acknowledged.push(key) === 50 && resolve()).then(() =>
        first.page.evaluate(() => {
          void lab.indexedDbStore().open('p').then(async (store) => {
            for (let n = 0; ; n += 1) {
              const key = `w/${String(n).padStart(6, '0')}`
              await store.write([{ key, value: new Uint8Array(100) }])
              void globalThis.stored(key)
            }
          })
        }),
      )
    })
    await enough
    await first.kill()
    const promised = [...acknowledged]

    const second = await startOn(profile)
    const found = await second.page.evaluate(async () => (await (await lab.indexedDbStore().open('p')).scan()).map(({ key }) => key))
    await second.kill()
    assert.deepEqual(found.slice(0, promised.length), promised)
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 10 })
  }
})

/** Bytes put per write that is queued, and per one that is answered, while `pending` others wait and `parked` ones lie there. */
const bytesWith = ({ pending, parked }) =>
  async (page) =>
    page.evaluate(
      async ({ pending, parked }) => {
        const { port, counts } = lab.counted(lab.indexedDbStore({ name: `${pending} pending` }))
        const held = []
        let refusing = true
        let wake = () => {}
        const answer = (status, outcome) => {
          const headers = new Headers({ 'content-type': 'application/json', 'tidewire-outcome': outcome })
          return { status, headers, text: () => Promise.resolve('{"error":{"code":"no"}}') }
        }
        const tw = lab.createTidewire({
          url: location.origin,
          user: 'ana',
          token: () => 't',
          platform: { ...lab.browser(), store: port },
          queue: { pending: 20_000, pendingBytes: 64 << 20 },
          request: (request) =>
            refusing
              ? Promise.resolve(answer(422, 'rejected'))
              : new Promise((resolve) => {
                  held.push({ n: JSON.parse(request.body).n, resolve })
                  wake()
                }),
        })
        const inFlight = async (count) => {
          while (held.length < count) await new Promise((resolve) => (wake = resolve))
        }
        let made = 100_000 // All paths have the same length.
        const submit = () => {
          const n = (made += 1)
          return { n, handle: tw.submit({ method: 'POST', path: `/api/things/${n}`, body: { n, text: 'The same length each time' } }) }
        }
        tw.start()
        await tw.ready
        for (let left = parked; left > 0; left -= 50) {
          const batch = Array.from({ length: Math.min(50, left) }, submit)
          await Promise.allSettled(batch.map(({ handle }) => handle.acknowledged))
        }
        await lab.until(tw.outbox, (outbox) => outbox.parked === parked && outbox.pending === 0)

        refusing = false
        tw.setProcessing(false)
        const writes = Array.from({ length: pending }, submit)
        await Promise.all(writes.map(({ handle }) => handle.durable))
        const turns = 5
        const before = { ...counts }
        for (let turn = 0; turn < turns; turn += 1) {
          writes.push(submit())
          await writes.at(-1).handle.durable
        }
        const enqueue = (counts.bytes - before.bytes) / turns
        const enqueueSteps = (counts.steps - before.steps) / turns

        tw.setProcessing(true)
        await inFlight(4)
        const sending = { ...counts }
        for (let turn = 0; turn < turns; turn += 1) {
          const { n, resolve } = held.shift()
          resolve(answer(200, 'applied'))
          await writes.find((write) => write.n === n).handle.settled
          await inFlight(4) // The next one has taken its place: its claim is stored.
        }
        const outbox = tw.outbox.get()
        tw.stop()
        return {
          enqueue,
          enqueueSteps,
          acknowledge: (counts.bytes - sending.bytes) / turns,
          acknowledgeSteps: (counts.steps - sending.steps) / turns,
          left: { pending: outbox.pending, parked: outbox.parked, durability: outbox.durability },
        }
      },
      { pending, parked },
    )

// The queue's limits are raised for it (Q15).
test('Q3 what a write costs in bytes does not grow with the queue', withPages(async (open, t) => {
  const page = await open()
  const few = await bytesWith({ pending: 10, parked: 0 })(page)
  const many = await bytesWith({ pending: 10_000, parked: 100 })(page)
  t.diagnostic(`bytes with 10 and with 10,000 pending: enqueue ${few.enqueue}, ${many.enqueue}; answer ${few.acknowledge}, ${many.acknowledge}`)
  assert.deepEqual(few.left, { pending: 10, parked: 0, durability: 'power-loss' })
  assert.deepEqual(many.left, { pending: 10_000, parked: 100, durability: 'power-loss' })
  for (const cost of ['enqueue', 'acknowledge', 'enqueueSteps', 'acknowledgeSteps']) {
    assert.ok(few[cost] > 0, `${cost}: ${few[cost]}`)
    assert.ok(many[cost] < 2 * few[cost] && few[cost] < 2 * many[cost], `${cost}: ${few[cost]} with few, ${many[cost]} with many`)
  }
}))
