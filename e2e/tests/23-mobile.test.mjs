// The mobile app's screens by react-native-web, over `@tidewire/react-native` with NetInfo and AsyncStorage as they are on the web, against the real server (Q1, Q9, Q16, Q18, C3): what is done in
// a tunnel shows at once, survives a reload inside, and is applied once. A run on a phone is another matter (docs/device-checklist.md).
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { launch, Phone } from '../support/browser.mjs'
import { whileAlive } from '../support/endings.mjs'
import { Proxy } from '../support/proxy.mjs'
import { Server } from '../support/server.mjs'

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
