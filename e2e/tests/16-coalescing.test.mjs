// Coalescing (Q8): what undoes itself before it was sent is not sent. Like, unlike, like while offline ends liked, with one request.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { inLab } from '../support/lab.mjs'
import { closeBrowser } from '../support/world.mjs'

after(closeBrowser)

const likes = (lab, id) => lab.server.sql(`SELECT user_id FROM activity_like WHERE activity_id = '${id}'`).map((row) => row.user_id)

for (const { taps, requests, liked } of [
  { taps: ['like', 'unlike', 'like'], requests: ['POST'], liked: ['ana'] },
  { taps: ['like', 'unlike'], requests: [], liked: [] },
]) {
  test(`Q8 ${taps.join(', ')} while offline: ${requests.length} request`, inLab(async (lab) => {
    const id = await lab.activity()
    const page = await lab.page()
    const sent = await page.evaluate(
      async ([id, taps]) => {
        const { tw, sent } = lab.open('ana')
        // Offline for the queue alone: a write that may have been sent is not merged with any other.
        tw.setProcessing(false)
        const ends = taps.map((tap) => tw.submit(lab[tap], id).settled.catch(() => {}))
        await lab.until(tw.outbox, ({ ready, writes }) => ready && writes.length === taps.length % 2 && writes.every(({ state }) => state === 'durable'))
        tw.setProcessing(true)
        await Promise.all(ends)
        return sent
      },
      [id, taps],
    )
    assert.deepEqual(sent, requests.map((method) => `${method} /api/activities/${id}/like`))
    assert.deepEqual(likes(lab, id), liked)
  }))
}
