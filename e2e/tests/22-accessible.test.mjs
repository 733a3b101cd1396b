// Screens of the demo and of a phone alone, looked at by axe-core in both colour schemes: nothing serious.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { sound, violations } from '../support/axe.mjs'
import { onDemo } from '../support/demo.mjs'
import { closeBrowser } from '../support/world.mjs'

after(closeBrowser)

test('axe finds nothing serious on any screen of the demo', onDemo(async (demo) => {
  const { page, ana } = demo
  await sound(page, 'the detail')
  await page.getByTestId('tunnel-ana').click()
  await demo.say(ana, 'Anyone there?')
  await ana.getByTestId('connection-banner').waitFor()
  await ana.getByRole('link', { name: 'Back to all activities' }).click()
  await ana.getByTestId('waiting-sunrise-run').waitFor()
  await sound(page, 'the list, in the tunnel')
  await ana.getByTestId('outbox').click()
  await ana.getByTestId('lane').waitFor()
  await sound(page, 'the lanes')
  await page.setViewportSize({ width: 390, height: 844 })
  await page.getByRole('radiogroup', { name: 'Which phone is shown' }).waitFor()
  await sound(page, 'on a phone')
}))

test('a phone in a window of its own needs no login and is the same phone', onDemo(async (demo, { origin }) => {
  await demo.page.getByTestId('tunnel-ana').click()
  await demo.say(demo.ana, 'From the tunnel')
  const alone = await demo.context.newPage()
  await alone.setViewportSize({ width: 390, height: 844 })
  await alone.goto(`${origin}/phone/ana/activities/sunrise-run`)
  await demo.shows(alone, 'pending-badge', 1)
  await alone.getByTestId('message-text').filter({ hasText: 'From the tunnel' }).waitFor()
  assert.equal(await alone.getByTestId('tunnel').getAttribute('aria-pressed'), 'true')
  await alone.getByTestId('tunnel').click()
  await demo.signal('ana', 'Online')
  await demo.ben.getByTestId('message-text').filter({ hasText: 'From the tunnel' }).waitFor()
  assert.deepEqual(await violations(alone), [])
}))

test('Ctrl-C ends the demo and its server, and its page tells so', onDemo(async ({ page, ana }, demo) => {
  await demo.interrupt()
  await page.locator('[data-testid=server][data-state=gone]').filter({ hasText: 'The demo was ended' }).waitFor()
  await ana.getByTestId('connection-banner').filter({ hasText: 'Reconnecting' }).waitFor()
  assert.deepEqual(await violations(page), [])
}))
