// What two people see of each other (V4), and what one sees whose change came too late (Q13).
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { violations } from '../support/axe.mjs'
import { onDemo } from '../support/demo.mjs'
import { closeBrowser } from '../support/world.mjs'

after(closeBrowser)

test('Q13 two titles at once: the later one is parked in plain words, and may be sent, changed or given up', onDemo(async (demo) => {
  const { page, ana, ben } = demo
  await page.getByTestId('tunnel-ana').click()
  await demo.signal('ana', 'In the tunnel')
  await demo.rename(ana, 'Sunset run')
  await demo.shows(ana, 'title', 'Sunset run')
  await demo.rename(ben, 'Midnight run')
  await demo.shows(ben, 'title', 'Midnight run')
  await page.locator('[data-testid=write][data-by=ben][data-stand=applied]').waitFor()
  await page.getByTestId('tunnel-ana').click()
  const refused = ana.getByTestId('refused-title')
  await refused.filter({ hasText: 'Somebody else renamed it first: it is called “Midnight run” now.' }).waitFor()
  await demo.shows(ana, 'title', 'Midnight run')
  assert.deepEqual(await violations(page), [])
  await ana.getByTestId('title-edit').click()
  await ana.getByTestId('title-words').fill('Run at any time')
  await ana.getByTestId('title-save').click()
  await refused.waitFor({ state: 'detached' })
  await demo.shows(ben, 'title', 'Run at any time')

  // Once more, and given up.
  await page.getByTestId('tunnel-ana').click()
  await demo.signal('ana', 'In the tunnel')
  await demo.rename(ana, 'No run')
  await demo.rename(ben, 'A walk')
  await page.locator('[data-testid=write][data-by=ben][data-stand=applied]').nth(1).waitFor()
  await page.getByTestId('tunnel-ana').click()
  await ana.getByTestId('outbox').click()
  await ana.getByTestId('item-discard').click()
  await ana.getByText('Everything is sent').waitFor()
  await page.locator('[data-testid=write][data-by=ana][data-stand=discarded][data-seen="0"]').nth(1).waitFor()
  await demo.shows(ana, 'title', 'A walk')
}))

test('V4 each sees the other online and typing, and when it was read', onDemo(async (demo) => {
  const { page, ana, ben } = demo
  await ben.getByTestId('message-input').pressSequentially('Hel')
  await ana.getByTestId('typing').filter({ hasText: 'Ben is typing' }).waitFor()
  await ben.getByTestId('message-input').fill('')
  await ana.getByTestId('typing').filter({ hasText: /^$/ }).waitFor()
  await demo.say(ben, 'Hello')
  await ben.locator('[data-tick=read]').waitFor()
  await ana.locator('[data-testid=avatar-ben][data-online]').waitFor()
  await ana.getByRole('link', { name: 'Back to all activities' }).click()
  await ana.getByTestId('online-now').filter({ hasText: 'Ben is online' }).waitFor()
  // Nobody knows in the tunnel.
  await page.getByTestId('tunnel-ana').click()
  await ana.getByTestId('online-now').waitFor({ state: 'detached' })
}))
