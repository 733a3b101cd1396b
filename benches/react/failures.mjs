// What happens to a write where offline queues usually fail, with ours and with the two that React apps use today; each in real Chromium, by its defaults. Prints a table.
import { BenchServer } from './server.mjs'
import { launch, pages, table } from './browser.mjs'

const PEERS = { Tidewire: 'peer-tidewire', 'TanStack Query, persisted': 'peer-query', 'offline-transactions 1.0.53': 'peer-transactions' }
/** Milliseconds after which a write counts as one that does not come. */
const LIMIT = 10_000

/** What the page thinks of the network, said by the runner. */
const SIGNAL = `let online = true
Object.defineProperty(Navigator.prototype, 'onLine', { configurable: true, get: () => online })
globalThis.setOnline = (now) => { online = now; dispatchEvent(new Event(now ? 'online' : 'offline')) }`

const isWrite = ({ n }) => n !== undefined
/** Nobody answers. */
const dead = (write, { response }) => (response.destroy(), true)

async function open(context, server, page, { online = true } = {}) {
  const tab = await context.newPage()
  await tab.addInitScript(`${SIGNAL}${online ? '' : '\nonline = false'}`)
  await tab.goto(`${server.origin}/${page}`)
  await tab.evaluate(() => peer.start())
  return tab
}

const write = (tab, ...writes) => tab.evaluate((writes) => writes.forEach((n) => peer.write(n)), writes)
const stored = (tab) => tab.evaluate(() => peer.stored())
const times = (server, n) => server.applied.filter((one) => one === n).length
const arrived = async (server, ...writes) => {
  await server.until(() => writes.every((n) => times(server, n) > 0), LIMIT)
  const lost = writes.filter((n) => times(server, n) === 0).length
  const twice = writes.filter((n) => times(server, n) > 1).length
  return lost + twice === 0 ? 'arrives, once' : [lost > 0 && `**${lost} of ${writes.length} lost**`, twice > 0 && `**${twice} applied twice**`].filter(Boolean).join(', ')
}

const SCENARIOS = {
  'killed while a write is in flight': async ({ context, server, page }) => {
    let reached = false
    server.meddle = (one) => (reached = isWrite(one)) // held: never answered, never applied
    const tab = await open(context, server, page)
    await write(tab, 1)
    await server.until(() => reached)
    await stored(tab)
    await tab.close()
    server.meddle = () => false
    await open(context, server, page)
    return arrived(server, 1)
  },
  'the answer is lost, the page killed': async ({ context, server, page }) => {
    // Applied, but nobody hears of it.
    let reached = false
    server.meddle = (one, { response, request }) => {
      if (reached || !isWrite(one)) return false
      reached = true
      server.applyQuietly(request, one)
      response.destroy()
      return true
    }
    const tab = await open(context, server, page)
    await write(tab, 1)
    await server.until(() => reached)
    await stored(tab)
    await tab.close()
    await open(context, server, page)
    await server.until(() => times(server, 1) > 1, 3_000)
    return arrived(server, 1)
  },
  'ten writes offline, a restart: their order': async ({ context, server, page }) => {
    let broken = 0
    for (let round = 0; round < 10; round += 1) {
      Object.assign(server, { applied: [], meddle: () => false }) // what it has answered it still knows
      const tab = await open(context, server, page, { online: false })
      const writes = Array.from({ length: 10 }, (_, at) => round * 10 + at)
      await write(tab, ...writes)
      await stored(tab)
      await tab.close()
      // Answers take different times, as they do.
      server.meddle = (one, { request, json }) => {
        setTimeout(() => json(200, server.applyQuietly(request, one)), Math.random() * 20)
        return true
      }
      const next = await open(context, server, page)
      await server.until(() => server.applied.length >= 10, LIMIT)
      if (server.applied.join() !== writes.join()) broken += 1
      await next.evaluate(() => peer.stored())
      await next.close()
    }
    return broken === 0 ? 'kept, 10 of 10' : `**swapped in ${broken} of 10**`
  },
  'a second tab writes offline; both are closed': async ({ context, server, page }) => {
    const first = await open(context, server, page, { online: false })
    const second = await open(context, server, page, { online: false })
    await write(second, 2)
    await stored(second)
    await write(first, 1)
    await stored(first)
    await Promise.all([first.close(), second.close()])
    await open(context, server, page)
    return arrived(server, 1, 2)
  },
  'the first tab writes offline and closes; the second goes online': async ({ context, server, page }) => {
    const first = await open(context, server, page, { online: false })
    const second = await open(context, server, page, { online: false })
    await write(first, 1)
    await stored(first)
    await first.close()
    await second.evaluate(() => setOnline(true))
    return arrived(server, 1)
  },
  'one 503 whose text holds a 422 (`req-id 9f4221c0`)': async ({ context, server, page }) => {
    let failed = false
    server.meddle = (one, { response }) => {
      if (failed || !isWrite(one)) return false
      failed = true
      response.writeHead(503, { 'Content-Type': 'text/plain' }).end('upstream timed out, req-id 9f4221c0')
      return true
    }
    const tab = await open(context, server, page)
    await write(tab, 1)
    return arrived(server, 1)
  },
  'a write that gets 404, another one behind it': async ({ context, server, page }) => {
    server.meddle = (one, { json }) => one.n === 1 && (json(404, { error: 'gone' }), true)
    const tab = await open(context, server, page)
    await write(tab, 1)
    await tab.evaluate(() => peer.writeElsewhere(2))
    const behind = await server.until(() => times(server, 2) > 0, LIMIT)
    return behind ? 'the other one arrives' : '**blocked**'
  },
  'a like from 1, fetched again before the answer': async ({ context, server, page }) => {
    let answer = () => {}
    const reached = new Promise((resolve) => {
      server.meddle = (one, { request, json }) => {
        if (!one.like) return false
        answer = () => json(200, server.applyQuietly(request, one))
        resolve()
        return true
      }
    })
    const tab = await open(context, server, page)
    await tab.evaluate(() => (globalThis.shown = peer.show()))
    await tab.waitForFunction(() => shown.length > 0)
    await tab.evaluate(() => peer.like())
    await reached
    await tab.evaluate(() => peer.refetch())
    answer()
    await tab.waitForFunction(() => shown.at(-1) === 2)
    await new Promise((resolve) => setTimeout(resolve, 500))
    const shown = (await tab.evaluate(() => shown)).join(', ')
    return shown === '1, 2' ? shown : `**${shown}**`
  },
}

export async function failures() {
  const server = await BenchServer.start(await pages(Object.values(PEERS).map((name) => `${name}.js`)))
  const browser = await launch()
  const rows = []
  for (const [what, scenario] of Object.entries(SCENARIOS)) {
    const cells = []
    for (const page of Object.values(PEERS)) {
      server.forget()
      const context = await browser.newContext()
      try {
        cells.push(await scenario({ context, server, page }))
      } catch (error) {
        cells.push(`failed: ${String(error).split('\n')[0]}`)
      }
      await context.close()
    }
    rows.push([what, ...cells])
    console.error(`    ${what}: ${cells.join(' | ')}`)
  }
  await browser.close()
  await server.stop()
  return table(['what happens', ...Object.keys(PEERS)], rows)
}
