// Encryption at rest (Q23, Q18): nothing readable stands on the device, and what was queued is sent after a reload all the same.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { inLab } from '../support/lab.mjs'
import { closeBrowser } from '../support/world.mjs'

after(closeBrowser)

for (const sealed of [true, false]) {
  test(`Q23 what stands in IndexedDB is ${sealed ? 'sealed' : 'readable without encryption'}, and is sent after a reload`, inLab(async (lab) => {
    const id = await lab.activity()
    const page = await lab.page()
    await lab.server.request('ana', 'POST', `/api/activities/${id}/participants`)
    await lab.network.cut('refuse')
    const stored = await page.evaluate(
      async ([activity, sealed]) => {
        const { tw } = lab.open('ana', { sealed })
        await tw.submit(lab.say, { activity, id: 'message-1', text: 'my secret plan' }).durable
        return lab.stored()
      },
      [id, sealed],
    )
    assert.equal(stored.some((value) => value.includes('my secret plan')), !sealed)
    assert.equal(stored.filter((value) => typeof value === 'string' && value.startsWith('tws\u0001')).length > 0, sealed)

    await lab.network.heal()
    await page.reload()
    await page.waitForFunction(() => globalThis.lab !== undefined)
    await page.evaluate(async (sealed) => {
      const { tw } = lab.open('ana', { sealed })
      await tw.connect()
      await lab.until(tw.outbox, ({ ready, writes }) => ready && writes.length === 0)
    }, sealed)
    assert.deepEqual(lab.server.sql(`SELECT text FROM message WHERE activity_id = '${id}'`), [{ text: 'my secret plan' }])
  }))
}
