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
import { History } from '../support/chaos-watch.mjs'
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
  }))
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
