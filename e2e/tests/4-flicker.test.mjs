// No flicker (Q16, Q17, Y6): a like shows 1, 2 and nothing else, whatever arrives between tap, commit and answer.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { watchText } from '../support/browser.mjs'
import { event, refetch } from '../support/disturb.mjs'
import { closeBrowser, inWorld } from '../support/world.mjs'

after(closeBrowser)

const LIKE = /^POST \/api\/activities\/[^/]+\/like /

const moments = ['before the commit', 'between commit and answer', 'after the answer']

for (const forced of ['refetch', 'event', 'both', 'nothing']) {
  for (const moment of forced === 'nothing' ? ['never'] : moments) {
    test(`one tap, the count says 1, 2: ${forced} ${moment}`, inWorld(async (world) => {
      const { ana, activity } = world
      const count = `like-count-${activity}`
      await ana.shows(count, 1)
      await ana.connected()
      const seen = await watchText(ana.page, count)
      const disturb = async (now) => {
        if (now !== moment) return
        if (forced !== 'event') await refetch(ana.page)
        if (forced !== 'refetch') await event(world, ana.page)
        if (forced === 'both') await refetch(ana.page)
      }

      const like = ana.network.hold(LIKE)
      await ana.count(`like-${activity}`).click()
      await like.requestReached
      await disturb('before the commit')
      like.forward()
      await like.answerReached
      await disturb('between commit and answer')
      like.pass()
      await ana.page.getByTestId('pending-badge').waitFor({ state: 'detached' })
      await disturb('after the answer')
      await refetch(ana.page)
      assert.deepEqual(await seen(), ['1', '2'])
      assert.equal(world.likes().length, 2)
    }, { people: ['ana'] }))
  }
}
