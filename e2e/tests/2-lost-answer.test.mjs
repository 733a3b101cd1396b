// The lost answer (Q9, V5, Q17): the server commits, the link dies before the answer leaves.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { watchText } from '../support/browser.mjs'
import { closeBrowser, inWorld } from '../support/world.mjs'

after(closeBrowser)

test('a write whose answer was lost is sent again with the same key and applied once', inWorld(async (world) => {
  const { ana, ben, activity } = world
  await ana.openActivity(activity)
  await ben.openActivity(activity)
  await ana.shows('cheer-count', 0)
  await ben.shows('cheer-count', 0)
  const seenByBen = await watchText(ben.page, 'cheer-count')
  const outcomes = []
  ana.page.on('response', async (response) => {
    if (response.request().method() === 'POST' && response.url().endsWith('/cheers')) outcomes.push(response.headers()['tidewire-outcome'])
  })

  const lost = ana.network.loseAnswer(/^POST \/api\/activities\/[^/]+\/cheers /)
  await ana.count('cheer').click()
  await lost
  assert.equal(world.cheers(), 1, 'it is committed')
  await ana.page.getByTestId('pending-badge').waitFor({ state: 'detached' })

  // Chromium may repeat a request by itself when a connection dies before the first byte of the answer: it counts like ours.
  const requests = ana.network.requests.filter(({ line }) => /^POST \S+\/cheers /.test(line))
  assert.equal(requests.length, 2)
  for (const header of ['idempotency-key', 'tidewire-client', 'tidewire-sequence']) {
    assert.ok(requests[0].headers[header], header)
    assert.equal(requests[1].headers[header], requests[0].headers[header], header)
  }
  assert.deepEqual(outcomes, ['replayed'])
  assert.equal(world.cheers(), 1)
  await ana.shows('cheer-count', 1)
  await ben.shows('cheer-count', 1)
  assert.deepEqual(await seenByBen(), ['0', '1'], 'one event')
}))
