// Background Sync (Q1, Q9, Q19): what waits is sent by the app's service worker when the network is back and no page is open.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { bundle } from '../support/bundle.mjs'
import { inLab } from '../support/lab.mjs'
import { closeBrowser } from '../support/world.mjs'

after(closeBrowser)

const cheers = (lab, id) => lab.server.sql(`SELECT cheers FROM activity WHERE id = '${id}'`)[0].cheers

/** A page of the origin without a client, and the browser's word about its service worker. */
async function watcher(lab) {
  const page = await lab.context.newPage()
  await page.goto(`${lab.network.origin}/nothing.txt`)
  const session = await lab.context.newCDPSession(page)
  const registered = once(session, 'ServiceWorker.workerRegistrationUpdated')
  await session.send('ServiceWorker.enable')
  const [{ registrations }] = await registered
  return { session, registrationId: registrations[0].registrationId }
}

test('Q1 Q9 the worker sends what the closed page left, once', inLab(async (lab) => {
  writeFileSync(join(lab.web, 'sw.js'), await bundle('lab-worker.js'))
  writeFileSync(join(lab.web, 'nothing.txt'), '')
  const activity = await lab.activity()
  const page = await lab.page()
  await page.evaluate(async () => {
    await navigator.serviceWorker.register('/sw.js')
    await navigator.serviceWorker.ready
  })
  await lab.network.cut('refuse')
  const tags = await page.evaluate(async (id) => {
    const { tw } = lab.open('ana')
    lab.syncInBackground(tw)
    await Promise.all([tw.submit(lab.cheer, { id }).durable, tw.submit(lab.cheer, { id }).durable])
    const { sync } = await navigator.serviceWorker.ready
    let tags = []
    // The page's own request may be on its way still.
    while (tags.length === 0) tags = await sync.getTags()
    return tags
  }, activity)
  assert.deepEqual(tags, ['tidewire'])
  await page.close()
  assert.equal(cheers(lab, activity), 0)

  // Chromium has woken the worker already: it may try again before it is told to.
  const sent = [1, 2].map(() => lab.network.answered(/^POST \/api\/activities\/[^/]+\/cheers /))
  await lab.network.heal()
  const { session, registrationId } = await watcher(lab)
  await session.send('ServiceWorker.dispatchSyncEvent', { origin: lab.network.origin, registrationId, tag: 'tidewire', lastChance: false })
  await Promise.all(sent)
  assert.equal(cheers(lab, activity), 2)
  const next = await lab.page()
  const left = await next.evaluate(async () => {
    const { tw, sent } = lab.open('ana')
    tw.start()
    await tw.ready
    await lab.until(tw.outbox, ({ ready, pending }) => ready && pending === 0)
    return sent
  })
  assert.deepEqual(left, [], 'nothing was left for a page to send')
  assert.equal(cheers(lab, activity), 2)
}))
