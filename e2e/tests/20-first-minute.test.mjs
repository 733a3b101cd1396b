// The demo's first minute, as its page tells it (Q1, Q6, Q9, Q13, Q18, Y1, V4, V7): two phones, a tunnel, an app that is killed, a server that is
// killed with -9, and everything on both screens once. Nothing is simulated: `xtask demo` runs and kills the server, each phone is a client.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { onDemo } from '../support/demo.mjs'
import { closeBrowser } from '../support/world.mjs'

after(closeBrowser)

const LIKE = 'like-sunrise-run'
const LIKES = 'like-count-sunrise-run'

const texts = (phone) => phone.getByTestId('message-text').allTextContents()

test('E the first minute: like, tunnel, killed app, killed server, and all of it once', onDemo(async (demo) => {
  const { page, ana, ben } = demo
  await demo.step('liked')
  await demo.shows(ben, LIKES, 1)
  await ana.getByTestId(LIKE).click()
  await demo.shows(ben, LIKES, 2)
  await page.getByTestId('speed').filter({ hasText: /\d+ ms|\d+\.\d s/ }).waitFor()
  await demo.shows(page, 'sum-applied', 1)

  await demo.step('entered')
  await page.getByTestId('tunnel-ana').click()
  await demo.signal('ana', 'In the tunnel')
  await demo.step('changed')
  await ana.getByTestId(LIKE).click()
  await demo.shows(ana, LIKES, 1)
  await demo.rename(ana, 'Sunrise run, slowly')
  await demo.shows(ana, 'title', 'Sunrise run, slowly')
  await demo.say(ana, 'Anyone there?')
  await demo.say(ana, 'I bring coffee')
  assert.equal(await ana.locator('[data-tick=waiting]').count(), 2, 'clocks on what waits')
  await ana.getByRole('link', { name: 'Back to all activities' }).click()
  await ana.getByTestId('create-title').fill('Coffee after the run')
  await ana.getByTestId('create-submit').click()
  await ana.getByTestId('waiting-sunrise-run').filter({ hasText: '4 waiting' }).waitFor()
  await demo.shows(ana, 'pending-badge', 5)
  await ana.getByTestId('outbox').click()
  await ana.getByTestId('lane').nth(1).waitFor()
  assert.equal(await ana.getByTestId('lane').count(), 2, 'one lane for each activity')
  assert.equal(await ana.getByTestId('pending-item').count(), 5)
  // Ben hears nothing of it, and writes.
  await demo.say(ben, 'Are you coming?')
  await demo.say(ben, 'It is getting light')
  await ben.locator('[data-tick=sent]').nth(1).waitFor()
  await demo.shows(ben, LIKES, 2)

  const same = await demo.mark('ana')
  await page.getByTestId('kill-ana').click()
  await demo.step('killedServer')
  await demo.shows(ana, 'pending-badge', 5)
  assert.equal(await same(), false, 'a real reload')
  await page.getByTestId('back-ana').filter({ hasText: '5 kept' }).waitFor({ state: 'attached' })
  await ana.getByText('Coffee after the run').waitFor()

  await page.getByTestId('server-kill').click()
  await page.getByTestId('server-start').waitFor()
  await demo.signal('ben', 'Reconnecting')
  await page.getByTestId('server-start').click()
  await page.getByTestId('server-kill').waitFor()
  await demo.signal('ben', 'Online')

  await demo.step('left')
  await page.getByTestId('tunnel-ana').click()
  await ana.getByTestId('sent-badge').waitFor()
  await demo.step('done')
  await demo.shows(ben, 'title', 'Sunrise run, slowly')
  await demo.shows(ben, LIKES, 1)
  await ben.getByTestId('message-text').filter({ hasText: 'I bring coffee' }).waitFor()
  await ana.getByText('Sunrise run, slowly').click()
  await ana.getByTestId('message-text').filter({ hasText: 'I bring coffee' }).waitFor()
  const said = ['Easy pace, six kilometres.', 'I am in if there is coffee after.', 'Are you coming?', 'It is getting light', 'Anyone there?', 'I bring coffee']
  await ana.getByTestId('message-text').nth(said.length - 1).waitFor()
  assert.deepEqual(await texts(ana), said, 'what she missed came once and in order')
  assert.deepEqual(await texts(ben), said, 'and what she wrote is with Ben once')
  await ben.getByRole('link', { name: 'Back to all activities' }).click()
  await ben.getByText('Coffee after the run').waitFor()
  assert.equal(await ben.getByText('Coffee after the run').count(), 1)
  // One like before, five writes of Ana's and two of Ben's.
  await demo.shows(page, 'sum-sent', 8)
  await demo.shows(page, 'sum-applied', 8)
  await demo.shows(page, 'sum-replayed', 1)
  await page.getByTestId('sum-seen').filter({ hasText: 'none twice' }).waitFor()
}))
