// Screens of the demo and of a phone alone, looked at by axe-core in both colour schemes: nothing serious.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { violations } from '../support/axe.mjs'
import { onDemo } from '../support/demo.mjs'
import { closeBrowser } from '../support/world.mjs'

after(closeBrowser)

for (const colorScheme of ['light', 'dark']) {
  test(`axe finds nothing serious on any screen, ${colorScheme}`, onDemo(async (demo) => {
    const { page, ana } = demo
    assert.deepEqual(await violations(page), [], 'the detail')
    await page.getByTestId('tunnel-ana').click()
    await demo.say(ana, 'Anyone there?')
    await ana.getByTestId('connection-banner').waitFor()
    await ana.getByRole('link', { name: 'Back to all activities' }).click()
    await ana.getByTestId('waiting-sunrise-run').waitFor()
    assert.deepEqual(await violations(page), [], 'the list, in the tunnel')
    await ana.getByTestId('outbox').click()
    await ana.getByTestId('lane').waitFor()
    assert.deepEqual(await violations(page), [], 'the lanes')
    await page.setViewportSize({ width: 390, height: 844 })
    await page.getByRole('radiogroup', { name: 'Which phone is shown' }).waitFor()
    assert.deepEqual(await violations(page), [], 'on a phone')
  }, { colorScheme }))
}

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
