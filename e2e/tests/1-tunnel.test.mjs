// The tunnel (Q1, Q2, Q9, Q18, C2, C3): what is done without a network is on the screen at once, survives a reload, and reaches the
// server exactly once, whatever happens to the server meanwhile.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { closeBrowser, inWorld } from '../support/world.mjs'

after(closeBrowser)

const variants = [
  { name: 'connections refused, the browser knows that it is offline', mode: 'refuse', offline: true },
  { name: 'connections refused, navigator.onLine stays true', mode: 'refuse', offline: false },
  { name: 'bytes swallowed, navigator.onLine stays true', mode: 'swallow', offline: false },
]

for (const { name, mode, offline } of variants) {
  test(`the tunnel: ${name}`, inWorld(async (world) => {
    const { ana, ben, server, activity } = world
    const like = `like-${activity}`
    const likes = `like-count-${activity}`
    await ana.installed()
    await ana.openActivity(activity)
    await ben.openActivity(activity)
    await ana.shows(likes, 1)
    await ana.shows('cheer-count', 0)
    await ben.shows('cheer-count', 0)

    await ana.network.cut(mode)
    if (offline) await ana.context.setOffline(true)
    await ana.count(like).click()
    assert.equal(await ana.count(likes).textContent(), '2', 'at once')
    await ana.shows('pending-badge', 1)
    await ana.count('cheer').click()
    await ana.count('cheer').click()
    await ana.shows('cheer-count', 2)
    await ana.count('message-input').fill('Is the water warm? 🌊')
    await ana.count('message-send').click()
    await ana.shows('pending-badge', 4)

    await ana.reload()
    await ana.shows('pending-badge', 4)
    await ana.shows(likes, 2)
    await ana.shows('cheer-count', 2)
    assert.deepEqual(await ana.messages(), ['Is the water warm? 🌊'])
    assert.equal(await ana.count(like).getAttribute('aria-pressed'), 'true')
    assert.equal(world.likes().length, 1, 'nothing has reached the server')

    await server.kill()
    await server.start()
    await ana.network.heal()
    if (offline) await ana.context.setOffline(false)

    await ana.page.getByTestId('pending-badge').waitFor({ state: 'detached' })
    await ben.shows(likes, 2)
    await ben.shows('cheer-count', 2)
    await ben.page.getByTestId('message-text').filter({ hasText: 'Is the water warm?' }).waitFor()
    assert.deepEqual(await ben.messages(), ['Is the water warm? 🌊'])
    assert.deepEqual(world.likes().map((row) => row.user_id), ['ana', 'cleo'])
    assert.equal(world.cheers(), 2)
    assert.deepEqual(world.texts(), ['Is the water warm? 🌊'])
    await ana.shows(likes, 2)
    await ana.shows('cheer-count', 2)
  }))
}
