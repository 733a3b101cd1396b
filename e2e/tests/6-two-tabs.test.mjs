// Two tabs (Q19, Q4): any tab may queue, one sends; a tab that dies takes nothing with it.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { closeBrowser, inWorld } from '../support/world.mjs'

after(closeBrowser)

test('a write queued in the second tab is sent once, by the first', inWorld(async (world) => {
  const { ana, activity } = world
  const second = await ana.tab()
  await ana.openActivity(activity, second)
  await ana.openActivity(activity)
  await second.getByTestId('cheer').click()
  await ana.shows('cheer-count', 1)
  await ana.shows('cheer-count', 1, second)
  await second.getByTestId('pending-badge').waitFor({ state: 'detached' })
  assert.equal(world.cheers(), 1)
}, { people: ['ana'] }))

test('also when the first tab is closed before it could send', inWorld(async (world) => {
  const { ana, activity } = world
  const second = await ana.tab()
  await ana.openActivity(activity, second)
  await ana.network.cut('swallow')
  await second.getByTestId('cheer').click()
  await second.getByTestId('cheer').click()
  await ana.shows('pending-badge', 2, second)
  // The first tab holds the lock, has heard of both and is trying to send: it closes at that moment.
  await ana.shows('pending-badge', 2)
  await ana.page.close()
  await ana.network.heal()
  await second.getByTestId('pending-badge').waitFor({ state: 'detached' })
  assert.equal(world.cheers(), 2)
  await ana.shows('cheer-count', 2, second)
}, { people: ['ana'] }))

test('both tabs show what either has queued, over a reload of both', inWorld(async (world) => {
  const { ana, activity } = world
  await ana.installed()
  const second = await ana.tab()
  await ana.openActivity(activity)
  await ana.openActivity(activity, second)
  await ana.shows('cheer-count', 0)
  await ana.network.cut('refuse')
  await ana.count('cheer').click()
  await second.getByTestId('cheer').click()
  for (const page of [ana.page, second]) await ana.shows('cheer-count', 2, page)
  await Promise.all([ana.page.reload(), second.reload()])
  for (const page of [ana.page, second]) {
    await ana.shows('pending-badge', 2, page)
    await ana.shows('cheer-count', 2, page)
  }
  await ana.network.heal()
  for (const page of [ana.page, second]) await page.getByTestId('pending-badge').waitFor({ state: 'detached' })
  assert.equal(world.cheers(), 2)
}, { people: ['ana'] }))
