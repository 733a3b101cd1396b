// Chaos (P5; Q9, Q16, Q17, Q18, Q19, Y1, Y2, V6): random days of two people, one of them with two tabs. When everything is whole again,
// each tap counts exactly once, in the database and on every screen, and no screen has ever shown what no legal history can give.
//
//     CHAOS_SEED=7 node --test e2e/tests/11-chaos.test.mjs       one seed, again
//     CHAOS_ROUNDS=200 node --test e2e/tests/11-chaos.test.mjs   a long series of new ones (CHAOS_STEPS: how long each day is;
//                                                              CHAOS_LOG: tell what was done, also when all is well; CHAOS_PATIENT: no
//                                                              device says that its network is back)
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Chaos } from '../support/chaos.mjs'
import { History, watcher } from '../support/chaos-watch.mjs'
import { closeBrowser, inWorld } from '../support/world.mjs'

after(closeBrowser)

const steps = Number(process.env.CHAOS_STEPS ?? 40)
const first = process.env.CHAOS_ROUNDS === undefined ? 1 : Math.floor(Math.random() * 1_000_000_000)
const rounds = Number(process.env.CHAOS_ROUNDS ?? 2)
const seeds = process.env.CHAOS_SEED === undefined ? Array.from({ length: rounds }, (_, at) => first + at) : [Number(process.env.CHAOS_SEED)]

for (const seed of seeds) {
  test(`a bad day, seed ${seed}`, inWorld(async (world) => {
    const chaos = await Chaos.open(world)
    try {
      await chaos.run(seed, steps)
      await chaos.finish()
      if (process.env.CHAOS_LOG !== undefined) console.log(chaos.report())
    } catch (error) {
      console.error(`CHAOS_SEED=${seed} CHAOS_STEPS=${steps}\n${chaos.report()}`)
      throw error
    }
  }, { mayCrash: true, limit: 60_000 + 2_000 * steps }))
}

test('the rule of legal histories: a like shows 1, 2 and nothing else, a cheer never goes back', () => {
  const look = (history, person, values, least = 0) => {
    const most = { ana: history.length('ana'), ben: history.length('ben') }
    return history.check(person, values.map((value) => ({ life: 1, value, most, least }))) === undefined
  }
  const likes = new History(1, { ana: [0, 1], ben: [0] })
  assert.ok(look(likes, 'ana', [1, 2]))
  assert.ok(!look(likes, 'ana', [1, 2, 1]))
  assert.ok(!look(likes, 'ana', [1, 2, 1, 2]))
  assert.ok(!look(likes, 'ana', [1, 3]))
  assert.ok(!look(likes, 'ana', [1], 1), 'not after the tap was shown')
  const cheers = new History(0, { ana: [0, 1, 2], ben: [0, 1] })
  assert.ok(look(cheers, 'ben', [0, 1, 3]))
  assert.ok(!look(cheers, 'ben', [0, 2, 1]))
  assert.ok(!look(cheers, 'ben', [4]))
  const both = new History(0, { ana: [0, 1, 0], ben: [0, 1] })
  assert.ok(look(both, 'ben', [0, 1, 2, 1]))
  assert.ok(!look(both, 'ben', [0, 1, 2, 1, 0, 1]))
})

/** Resolves when the store of this page has a base for this query. */
const baseStored = (page, hash) =>
  page.waitForFunction(async (key) => {
    const database = await new Promise((resolve) => (indexedDB.open('tidewire').onsuccess = ({ target }) => resolve(target.result)))
    const keys = await new Promise((resolve) => (database.transaction('records').objectStore('records').getAllKeys().onsuccess = ({ target }) => resolve(target.result)))
    database.close()
    return keys.some(([, it]) => it === key)
  }, `q/${hash}`)

test('found by seed 1215: a like that was taken back does not return to a screen opened before its answer was lost (Q17, Q18)', inWorld(async (world) => {
  const { ben, activity } = world
  const { id } = await world.server.request('cleo', 'POST', '/api/activities', { title: 'Picnic' })
  const open = (which) => ben.page.locator(`[data-testid="activity-${which}"] a`).click()
  const leave = () => ben.page.getByLabel('Back to all activities').click()
  await ben.installed()
  await ben.context.addInitScript(watcher)

  const heart = ben.page.getByTestId(`like-${id}`)
  const like = ben.network.hold(/^POST .*\/like /)
  await heart.click()
  await like.requestReached
  like.forward()
  await like.answerReached
  await heart.click()
  await open(id)
  await ben.page.getByTestId('cheer-count').waitFor()
  await baseStored(ben.page, JSON.stringify(['activity', id]))
  await leave()
  await open(activity)

  // The answer never comes. What is shown from here on has no like of Ben's.
  await ben.page.reload()
  await ben.page.getByTestId('account').waitFor()
  await ben.page.getByTestId('pending-badge').waitFor({ state: 'detached' })
  await leave()
  await open(id)
  await ben.page.getByTestId('cheer-count').waitFor()
  const seen = await ben.page.evaluate(() => globalThis.__chaosDrain())
  assert.deepEqual(seen.filter(({ key }) => key === `liked ${id} detail`).map(({ value }) => value), ['false'])
  assert.deepEqual(seen.filter(({ key }) => key === `likes ${id} detail`).map(({ value }) => value), ['0'])
}, { people: ['ben'] }))
