// Temporary ids (Q7, Q18): what only the server can name is used before it has a name, over a reload, and nothing leaves before its parent.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { inLab } from '../support/lab.mjs'
import { closeBrowser } from '../support/world.mjs'

after(closeBrowser)

test('Q7 an activity that was made offline gets its likes under the name that the server gave it', inLab(async (lab) => {
  const page = await lab.page()
  await lab.network.cut('refuse')
  const temp = await page.evaluate(async () => {
    const { tw } = lab.open('ana')
    tw.setProcessing(false)
    const temp = tw.tempId()
    const writes = [tw.submit(lab.create, { temp, title: 'Made in a tunnel' }), tw.submit(lab.like, temp), tw.submit(lab.cheer, { id: temp })]
    await Promise.all(writes.map(({ durable }) => durable))
    return temp
  })
  await lab.network.heal()
  await page.reload()
  await page.waitForFunction(() => globalThis.lab !== undefined)
  const { real, sent, failed } = await page.evaluate(async (temp) => {
    const { tw, sent } = lab.open('ana')
    await tw.connect()
    const names = await lab.until(tw.realIds, (known) => known.has(temp))
    await lab.until(tw.outbox, ({ ready, writes }) => ready && writes.every(({ state }) => state === 'parked'))
    return { real: names.get(temp), sent, failed: tw.outbox.get().writes }
  }, temp)
  assert.deepEqual(failed, [])
  assert.deepEqual(sent[0], 'POST /api/activities')
  assert.deepEqual(sent.slice(1).sort(), [`POST /api/activities/${real}/cheers`, `POST /api/activities/${real}/like`])
  assert.deepEqual(lab.server.sql(`SELECT title, cheers FROM activity WHERE id = '${real}'`), [{ title: 'Made in a tunnel', cheers: 1 }])
  assert.deepEqual(lab.server.sql(`SELECT user_id FROM activity_like WHERE activity_id IN ('${real}', '${temp}')`), [{ user_id: 'ana' }])
}))
