// Leaving (Q20, Q9): who signs out leaves what is unsent on the device; nobody else sends it, sees it or deletes it; and it is sent once, when
// its owner comes back.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { inLab } from '../support/lab.mjs'
import { closeBrowser } from '../support/world.mjs'

after(closeBrowser)

const cheers = (lab, id) => lab.server.sql(`SELECT cheers FROM activity WHERE id = '${id}'`)[0].cheers

test('Q20 logout keeps what is unsent for its owner: others see a number, and nothing is sent with their token', inLab(async (lab) => {
  const id = await lab.activity()
  const page = await lab.page()
  await lab.network.cut('refuse')
  const left = await page.evaluate(async (id) => {
    const { tw } = lab.open('ana')
    const writes = [tw.submit(lab.cheer, { id }), tw.submit(lab.cheer, { id })]
    await Promise.all(writes.map(({ durable }) => durable))
    const result = await tw.logout({ unsent: 'keep' })
    const late = await tw.submit(lab.cheer, { id }).durable.then(() => 'queued', ({ code }) => code)
    return { result, late }
  }, id)
  assert.deepEqual(left, { result: { kept: 2 }, late: 'STOPPED' })

  await lab.network.heal()
  const ben = await page.evaluate(async (id) => {
    const { tw, sent } = lab.open('ben')
    await tw.connect()
    await tw.submit(lab.cheer, { id }).settled
    return { others: await tw.unsentOfOthers(), sent: sent.length, mine: tw.outbox.get().writes.length, left: await tw.logout({ unsent: 'keep' }) }
  }, id)
  assert.deepEqual(ben, { others: [{ user: 'ana', writes: 2 }], sent: 1, mine: 0, left: { kept: 0 } })
  assert.equal(cheers(lab, id), 1, 'only what Ben did')

  await page.evaluate(async () => {
    const { tw } = lab.open('ana')
    await tw.connect()
    await lab.until(tw.outbox, ({ ready, writes }) => ready && writes.length === 0)
    await tw.logout({ unsent: 'keep' })
  })
  assert.equal(cheers(lab, id), 3)
}))

test('Q20 logout may also give the unsent writes up: they never reach the server', inLab(async (lab) => {
  const id = await lab.activity()
  const page = await lab.page()
  await lab.network.cut('refuse')
  const left = await page.evaluate(async (id) => {
    const { tw } = lab.open('ana')
    const handle = tw.submit(lab.cheer, { id })
    tw.setProcessing(false)
    await handle.durable
    const result = await tw.logout({ unsent: 'discard' })
    return { result, settled: await handle.settled.then(() => 'settled', ({ code }) => code) }
  }, id)
  assert.deepEqual(left, { result: { kept: 0 }, settled: 'DISCARDED' })
  await lab.network.heal()
  const again = await page.evaluate(async () => {
    const { tw, sent } = lab.open('ana')
    await tw.connect()
    await lab.until(tw.outbox, ({ ready }) => ready)
    return { writes: tw.outbox.get().writes, sent }
  })
  assert.deepEqual(again, { writes: [], sent: [] })
  assert.equal(cheers(lab, id), 0)
}))
