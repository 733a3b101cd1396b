// A browser that keeps nothing, or throws away what it kept, or has a newer build beside this one: the queue goes on as well as it can, and its status says how well that is
// (Q1, Q4, Q19, Q21, Q22).
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { inLab } from '../support/lab.mjs'
import { closeBrowser } from '../support/world.mjs'

after(closeBrowser)

const cheers = (lab, id) => lab.server.sql(`SELECT cheers FROM activity WHERE id = '${id}'`)[0].cheers

/** How browsers refuse: sandboxed and cookieless pages throw, some private windows fail, others have no IndexedDB at all. */
const REFUSALS = {
  'throws at the mention': () => Object.defineProperty(globalThis, 'indexedDB', { get: () => { throw new DOMException('no', 'SecurityError') } }),
  'throws at the call': () => { IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError') } },
  'fails to open': () => {
    IDBFactory.prototype.open = () => {
      const request = { error: new DOMException('A mutation operation was attempted on a database that did not allow mutations.', 'InvalidStateError') }
      queueMicrotask(() => request.onerror())
      return request
    }
  },
  'has none': () => Object.defineProperty(globalThis, 'indexedDB', { value: undefined }),
}

for (const [how, refuse] of Object.entries(REFUSALS)) {
  test(`Q1 Q22 storage that ${how}: writes are sent as long as the page lives, and status says that nothing is kept`, inLab(async (lab) => {
    await lab.context.addInitScript(refuse)
    const id = await lab.activity()
    const page = await lab.page()
    await lab.network.cut('refuse')
    const offline = await page.evaluate(async (id) => {
      lab.one = lab.open('ana')
      lab.write = lab.one.tw.submit(lab.cheer, { id })
      await lab.write.durable
      const { ready, pending, durability } = lab.one.tw.outbox.get()
      return { ready, pending, durability }
    }, id)
    assert.deepEqual(offline, { ready: true, pending: 1, durability: 'memory' })
    await lab.network.heal()
    await page.evaluate(async () => {
      lab.goOn(lab.one.tw)
      await lab.write.settled
    })
    assert.equal(cheers(lab, id), 1)
  }))
}

/** What a browser does to an origin that it needs room from. */
async function evict(lab, page) {
  const session = await lab.context.newCDPSession(page)
  await session.send('Storage.clearDataForOrigin', { origin: lab.network.origin, storageTypes: 'indexeddb' })
}

/** What another page of the app may do. */
const deleted = (_lab, page) =>
  page.evaluate(async () => {
    const request = indexedDB.deleteDatabase('tidewire')
    await new Promise((resolve, reject) => Object.assign(request, { onsuccess: resolve, onerror: () => reject(request.error) }))
  })

for (const [how, take] of [['evicted', evict], ['deleted', deleted]]) {
test(`Q4 ${how} under a running page: what the page still knows is sent, once`, inLab(async (lab) => {
  const id = await lab.activity()
  const page = await lab.page()
  await lab.network.cut('refuse')
  await page.evaluate(async (id) => {
    lab.one = lab.open('ana')
    lab.writes = [lab.one.tw.submit(lab.cheer, { id }), lab.one.tw.submit(lab.cheer, { id })]
    await Promise.all(lab.writes.map(({ durable }) => durable))
    // A page that becomes the one that sends reads the store, and what is not there any more has been sent for all that it can know.
    await lab.until(lab.one.tw.outbox, ({ blocked }) => blocked !== 'loading' && blocked !== 'follower')
  }, id)
  await take(lab, page)
  await page.evaluate(async (id) => {
    lab.writes.push(lab.one.tw.submit(lab.cheer, { id }))
    await lab.writes[2].durable
  }, id)
  await lab.network.heal()
  await page.evaluate(async () => {
    lab.goOn(lab.one.tw)
    await Promise.all(lab.writes.map(({ settled }) => settled))
  })
  assert.equal(cheers(lab, id), 3)
}))
}

test('Q4 Q19 evicted under a page that leads: what it stored since does not hide what was lost', inLab(async (lab) => {
  const id = await lab.activity()
  const [page, next] = [await lab.page(), await lab.page()]
  const write = await page.evaluate(async () => {
    lab.one = lab.open('ana')
    const write = lab.one.tw.submit(lab.say, { activity: 'of nobody', id: crypto.randomUUID(), text: 'hello' })
    write.settled.catch(() => undefined)
    await lab.until(lab.one.tw.outbox, ({ parked }) => parked === 1)
    return write.id
  })
  await evict(lab, page)
  const kept = await page.evaluate(async (id) => {
    const { tw } = lab.one
    await tw.submit(lab.cheer, { id }).settled
    // The lead goes and comes back: the store is read again before anything is sent.
    document.dispatchEvent(new Event('freeze'))
    const last = tw.submit(lab.cheer, { id })
    await lab.until(tw.outbox, ({ blocked }) => blocked === 'follower')
    document.dispatchEvent(new Event('resume'))
    await last.settled
    return tw.outbox.get().writes.map(({ id, state }) => [id, state])
  }, id)
  assert.deepEqual(kept, [[write, 'parked']])
  assert.equal(cheers(lab, id), 2)
  await page.close()
  const found = await next.evaluate(async () => {
    const { tw } = lab.open('ana')
    await tw.connect()
    return (await lab.until(tw.outbox, ({ ready }) => ready)).writes.map(({ id, state }) => [id, state])
  })
  assert.deepEqual(found, [[write, 'parked']])
}))

test('Q4 evicted while no client was open: what was unsent is gone, and the queue works as in a new browser', inLab(async (lab) => {
  const id = await lab.activity()
  const [page, next] = [await lab.page(), await lab.page()]
  await page.evaluate(async (id) => {
    const { tw } = lab.open('ana')
    tw.setProcessing(false)
    await tw.submit(lab.cheer, { id }).durable
  }, id)
  await page.close()
  await evict(lab, next)
  const after = await next.evaluate(async (id) => {
    const { tw } = lab.open('ana')
    await tw.connect()
    const found = await lab.until(tw.outbox, ({ ready }) => ready)
    await tw.submit(lab.cheer, { id }).settled
    return { writes: found.writes, durability: tw.outbox.get().durability }
  }, id)
  assert.deepEqual(after, { writes: [], durability: 'power-loss' })
  assert.equal(cheers(lab, id), 1)
}))

test('Q19 Q21 a newer build beside this one: this one says `reload-needed` and sends nothing more; the newer one sends what it left, once', inLab(async (lab) => {
  const id = await lab.activity()
  const [old, newer] = [await lab.page(), await lab.page()]
  await old.evaluate(async (id) => {
    lab.one = lab.open('ana')
    lab.one.tw.setProcessing(false)
    await Promise.all([lab.one.tw.submit(lab.cheer, { id }).durable, lab.one.tw.submit(lab.cheer, { id }).durable])
  }, id)
  const seen = await newer.evaluate(async () => {
    // The store of a build that keeps something else beside the records.
    const open = IDBFactory.prototype.open
    IDBFactory.prototype.open = function (name, version) {
      return open.call(this, name, version + 1)
    }
    lab.one = lab.open('ana')
    lab.one.tw.setProcessing(false)
    lab.one.tw.start()
    const { pending } = await lab.until(lab.one.tw.outbox, ({ ready }) => ready)
    return pending
  })
  assert.equal(seen, 2, 'the newer build has what the older one left')
  const late = await old.evaluate(async (id) => {
    const { tw } = lab.one
    const { blocked } = await lab.until(tw.outbox, (now) => now.blocked === 'reload-needed')
    tw.setProcessing(true)
    const refused = await tw.submit(lab.cheer, { id }).durable.then(() => 'queued', ({ code }) => code)
    await tw.process()
    return { blocked, refused, sent: lab.one.sent }
  }, id)
  assert.deepEqual(late, { blocked: 'reload-needed', refused: 'RELOAD_NEEDED', sent: [] })
  await newer.evaluate(async () => {
    lab.one.tw.setProcessing(true)
    await lab.one.tw.connect()
    await lab.until(lab.one.tw.outbox, ({ ready, writes }) => ready && writes.length === 0)
  })
  assert.equal(cheers(lab, id), 2)
}))
