// Two tabs (Q19, Q4): any tab may queue, one sends; a tab that dies takes nothing with it; what one does both show, and nothing that nobody did (Q16, Q17, Q18, Y6).
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { watchText } from '../support/browser.mjs'
import { event, refetch } from '../support/disturb.mjs'
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
  for (const page of [ana.page, second]) await ana.shows('cheer-count', 0, page)
  await ana.network.cut('refuse')
  await ana.count('cheer').click()
  await second.getByTestId('cheer').click()
  for (const page of [ana.page, second]) await ana.shows('cheer-count', 2, page)
  await Promise.all([ana.reload(), ana.reload(second)])
  for (const page of [ana.page, second]) {
    await ana.shows('pending-badge', 2, page)
    await ana.shows('cheer-count', 2, page)
  }
  await ana.network.heal()
  for (const page of [ana.page, second]) await page.getByTestId('pending-badge').waitFor({ state: 'detached' })
  assert.equal(world.cheers(), 2)
}, { people: ['ana'] }))

/** The request goes to the server; its answer, once all was disturbed, to the page. */
async function through(held, world, pages) {
  held.forward()
  await held.answerReached
  await disturb(world, pages)
  held.pass()
}

/** Two tabs with the list on the screen, and every count of likes that either has shown since. */
async function twoLists({ ana, activity }) {
  const pages = [ana.page, await ana.tab()]
  const count = `like-count-${activity}`
  for (const page of pages) {
    await ana.connected(page)
    await ana.shows(count, 1, page)
  }
  const seen = await Promise.all(pages.map((page) => watchText(page, count)))
  return {
    pages,
    seen: () => Promise.all(seen.map((read) => read())),
    async tap(at) {
      await pages[at].bringToFront()
      await pages[at].getByTestId(`like-${activity}`).first().click()
    },
    show: (text) => Promise.all(pages.map((page) => ana.shows(count, text, page))),
    sent: () => Promise.all(pages.map((page) => page.getByTestId('pending-badge').waitFor({ state: 'detached' }))),
  }
}

/** Both fetch, hear an event and fetch again. A tab behind the other draws once a second. */
async function disturb(world, pages) {
  const fetchAgain = async () => {
    for (const page of pages) {
      await page.bringToFront()
      await refetch(page)
    }
  }
  await fetchAgain()
  await event(world, ...pages)
  await fetchAgain()
}

const LIKES = { like: /^POST \/api\/activities\/[^/]+\/like /, unlike: /^DELETE \/api\/activities\/[^/]+\/like / }

test('Q16 Q17 Q18 Y6 liked in one tab, unliked in the other, liked again: both show 1, 2, 1, 2, whatever arrives between', inWorld(async (world) => {
  const { pages, seen, tap, show, sent } = await twoLists(world)
  for (const [at, what, text] of [[0, 'like', 2], [1, 'unlike', 1], [1, 'like', 2]]) {
    const held = world.ana.network.hold(LIKES[what])
    await tap(at)
    await held.requestReached
    await show(text)
    await disturb(world, pages)
    await through(held, world, pages)
    await sent()
    await disturb(world, pages)
  }
  assert.deepEqual(await seen(), [['1', '2', '1', '2'], ['1', '2', '1', '2']])
  assert.equal(world.likes().length, 2)
}, { people: ['ana'] }))

test('Q16 Q17 Q18 Y6 unliked in one tab while the like of the other is on its way: both show 1, 2, 1', inWorld(async (world) => {
  const { pages, seen, tap, show, sent } = await twoLists(world)
  const like = world.ana.network.hold(LIKES.like)
  const unlike = world.ana.network.hold(LIKES.unlike)
  await tap(0)
  await like.requestReached
  await show(2)
  await tap(1)
  await show(1)
  await disturb(world, pages)
  // The server says 2 then, and nobody may see it.
  await through(like, world, pages)
  await unlike.requestReached
  await disturb(world, pages)
  await through(unlike, world, pages)
  await sent()
  await disturb(world, pages)
  assert.deepEqual(await seen(), [['1', '2', '1'], ['1', '2', '1']])
  assert.equal(world.likes().length, 1)
}, { people: ['ana'] }))
