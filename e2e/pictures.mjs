// Takes the pictures of the documentation from the real demo, step by step: `node e2e/pictures.mjs`, once everything is built. Run it when the
// demo's looks have changed, look at what it made, and let pngquant reduce it to 256 colours. It is no test.
import { fileURLToPath } from 'node:url'
import { Demo, DemoPage } from './support/demo.mjs'
import { closeBrowser, openBrowser } from './support/world.mjs'

const images = fileURLToPath(new URL('../docs/images/', import.meta.url))

/** What is on the screen once everything that moves has come to rest. */
async function take(page, name) {
  for (const frame of page.frames()) {
    await frame.evaluate(async () => {
      await document.fonts.ready
      const ends = document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().endTime !== Number.POSITIVE_INFINITY)
      await Promise.allSettled(ends.map(({ finished }) => finished))
    })
  }
  await page.screenshot({ path: `${images}${name}.png` })
  console.log(`docs/images/${name}.png`)
}

const demo = await Demo.start()
const shown = await DemoPage.open(await openBrowser(), demo, { viewport: { width: 1280, height: 800 } })
const { page, ana, ben } = shown
const press = (testId) => page.getByTestId(testId).click()
const list = (phone) => phone.getByRole('link', { name: 'Back to all activities' }).click()
try {
  await shown.say(ben, 'Who brings the coffee? \u2615')
  await ana.getByTestId('message-text').filter({ hasText: 'coffee?' }).waitFor()
  await ana.getByTestId('like-sunrise-run').click()
  await shown.step('entered')
  await page.getByTestId('speed').filter({ hasText: 'Like' }).waitFor()
  await take(page, 'tour-1-like')

  await press('tunnel-ana')
  await ana.getByTestId('connection-banner').waitFor()
  await shown.rename(ana, 'Sunrise run, slowly')
  await shown.say(ana, 'I do! And a towel for everyone \u{1F30A}')
  await ana.getByTestId('cheer').click()
  await shown.say(ben, 'Are you in the tunnel?')
  await ben.locator('[data-tick=sent]').waitFor()
  await take(page, 'two-phones')

  await list(ana)
  await ana.getByTestId('create-title').fill('Coffee after the run')
  await ana.getByTestId('create-submit').click()
  await press('kill-ana')
  await shown.step('killedServer')
  await page.getByTestId('back-ana').evaluate((said) => said.getAnimations().forEach((it) => it.finish()))
  await press('server-kill')
  await page.getByTestId('server-start').waitFor()
  await ben.getByTestId('connection-banner').waitFor()
  await ana.getByTestId('outbox').click()
  await ana.getByTestId('lane').nth(1).waitFor()
  await take(page, 'tour-2-killed')

  await press('server-start')
  await page.getByTestId('server-kill').waitFor()
  await shown.signal('ben', 'Online')
  await press('tunnel-ana')
  await ana.getByTestId('sent-item').nth(3).waitFor()
  await page.locator('[data-testid=write][data-stand=replayed]:not([data-seen="0"])').waitFor()
  await take(page, 'tour-3-drained')

  await shown.step('done')
  await ana.getByText('Everything is sent').waitFor()
  await ana.getByRole('button', { name: 'Close' }).click()
  await ana.getByTestId('activity-sunrise-run').getByRole('link').click()
  await press('tunnel-ana')
  await shown.signal('ana', 'In the tunnel')
  await shown.rename(ana, 'Sunset run')
  await shown.rename(ben, 'Midnight run')
  await page.locator('[data-testid=write][data-by=ben][data-what="activity.rename"][data-stand=applied]').waitFor()
  await press('tunnel-ana')
  await ana.getByTestId('refused-title').waitFor()
  await page.emulateMedia({ colorScheme: 'dark' })
  for (const frame of page.frames()) await frame.locator('html[data-mantine-color-scheme=dark]').waitFor({ state: 'attached' })
  await take(page, 'tour-4-refused')
} finally {
  await shown.close()
  await demo.stop()
  await closeBrowser()
}
