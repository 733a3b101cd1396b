// The mobile app's screens by react-native-web, over `@tidewire/react-native` with NetInfo and AsyncStorage as they are on the web, against the real server (Q1, Q9, Q16, Q18, C3): what is done in
// a tunnel shows at once, survives a reload inside, and is applied once; and axe-core looks at every screen in each of its states. A run on a phone is another matter (docs/device-checklist.md).
import assert from 'node:assert/strict'
import { extname, join } from 'node:path'
import { mkdirSync, readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { sound, violations } from '../support/axe.mjs'
import { launch, Phone } from '../support/browser.mjs'
import { whileAlive } from '../support/endings.mjs'
import { states } from '../support/mobile.mjs'
import { Proxy } from '../support/proxy.mjs'
import { Screen } from '../support/screen.mjs'
import { Server } from '../support/server.mjs'
import { closeBrowser } from '../support/world.mjs'

const app = fileURLToPath(new URL('../../examples/activities/mobile/', import.meta.url))
const dist = join(app, 'dist')
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }

let server, browser
const phones = []
const networks = []
before(async () => {
  await build({ configFile: join(app, 'vite.config.mjs'), logLevel: 'error', build: { outDir: dist } })
  server = await Server.start(dist)
  browser = await launch()
})
after(async () => {
  for (const phone of phones) await phone.close()
  for (const network of networks) await network.stop()
  await browser?.close()
  await closeBrowser()
  await server?.stop()
})

/** On a phone the app's files lie on the phone: they come past the network here. */
async function phone(name) {
  const network = await Proxy.start(server)
  networks.push(network)
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } })
  context.setDefaultTimeout(75_000)
  await context.route(`${network.origin}/**`, (route) => {
    const { pathname } = new URL(route.request().url())
    if (/^\/(api|socket\.io|tidewire)\//.test(pathname)) return route.continue()
    const file = pathname === '/' ? '/index.html' : pathname
    return route.fulfill({ body: readFileSync(join(dist, file)), contentType: TYPES[extname(file)] })
  })
  const one = new Phone(context, network.origin, name)
  one.network = network
  phones.push(one)
  one.page = await one.tab()
  return one
}

test('the mobile app: a tunnel, a reload inside it, and back: each change is applied once, and others see it', () => whileAlive(browser, async () => {
  const { id } = await server.request('cleo', 'POST', '/api/activities', { title: 'Swim at dawn' })
  for (const person of ['ana', 'ben']) await server.request(person, 'POST', `/api/activities/${id}/participants`)
  const [ana, ben] = [await phone('ana'), await phone('ben')]
  await ana.openActivity(id)
  await ben.openActivity(id)
  await ana.connected()
  await ana.shows('cheer-count', 0)

  await ana.network.cut('refuse')
  await ana.context.setOffline(true)
  await ana.page.getByTestId('connection-banner').filter({ hasText: 'Offline: changes are kept' }).waitFor()
  await ana.count(`like-${id}`).click()
  assert.equal(await ana.count(`like-count-${id}`).textContent(), '1', 'at once')
  await ana.count('cheer').click()
  await ana.count('cheer').click()
  await ana.shows('cheer-count', 2)
  await ana.count('message-input').fill('In the tunnel, with tea ☕')
  await ana.count('message-send').click()
  await ana.shows('pending-badge', 4)

  await ana.reload()
  await ana.shows('pending-badge', 4)
  await ana.openActivity(id)
  await ana.shows(`like-count-${id}`, 1)
  await ana.shows('cheer-count', 2)
  assert.deepEqual(await ana.messages(), ['In the tunnel, with tea ☕'])
  await ana.count('outbox').click()
  assert.deepEqual(await ana.page.getByTestId('pending-item').allTextContents().then((texts) => texts.length), 4)
  assert.deepEqual(server.sql(`SELECT user_id FROM activity_like WHERE activity_id = '${id}'`), [], 'nothing has reached the server')

  await ana.network.heal()
  await ana.context.setOffline(false)
  await ana.page.getByTestId('pending-badge').waitFor({ state: 'detached' })
  await ben.shows(`like-count-${id}`, 1)
  await ben.shows('cheer-count', 2)
  await ben.page.getByTestId('message-text').filter({ hasText: 'In the tunnel' }).waitFor()
  assert.deepEqual(server.sql(`SELECT user_id FROM activity_like WHERE activity_id = '${id}'`), [{ user_id: 'ana' }])
  assert.equal(server.sql(`SELECT cheers FROM activity WHERE id = '${id}'`)[0].cheers, 2)
  assert.deepEqual(server.sql(`SELECT text FROM message WHERE activity_id = '${id}'`), [{ text: 'In the tunnel, with tea ☕' }])
  assert.deepEqual([...ana.errors, ...ben.errors], [])
}))

/** The canvas of the app in each colour scheme, as `theme.ts` has it. */
const CANVAS = { light: 'rgb(245, 246, 244)', dark: 'rgb(15, 21, 23)' }
const dressed = (frame, scheme) => frame.waitForFunction((colour) => getComputedStyle(document.querySelector('#root > div')).backgroundColor === colour, CANVAS[scheme])

/** States that have every colour of the theme between them; all others are looked at in the light. */
const DARK = ['sign-in-failed', 'list-loading', 'list', 'chat', 'refused-changed', 'chat-offline', 'outbox']

/** With `PICTURES=<folder>` each state is also photographed there, on two widths and in both schemes: to be looked at by people. */
const folder = process.env.PICTURES
async function picture(page, name) {
  mkdirSync(folder, { recursive: true })
  for (const width of [390, 360]) {
    await page.setViewportSize({ width, height: 740 })
    for (const scheme of ['dark', 'light']) {
      await page.emulateMedia({ colorScheme: scheme })
      await dressed(page, scheme)
      await page.screenshot({ path: join(folder, `${name}-${width}-${scheme}.png`) })
    }
  }
}

test('axe finds nothing serious on any screen of the mobile app, in any state', async () => {
  const own = await Server.start(dist)
  let screen
  try {
    screen = await Screen.open(own)
    await whileAlive(screen.context.browser(), () =>
      states(screen, async (page, name) => {
        if (folder !== undefined) await picture(page, name)
        if (DARK.includes(name)) await sound(page, name, dressed)
        else assert.deepEqual(await violations(page), [], name)
      }), { limit: folder === undefined ? 90_000 : 600_000 })
    assert.deepEqual(screen.errors, [])
  } finally {
    await screen?.close()
    await own.stop()
  }
})
