// Renders, taps, memory and starts, each beside what people use today, in one run of one Chromium.
import { BenchServer } from './server.mjs'
import { launch, median, pages, progress, table } from './browser.mjs'

const fixed = (value, digits = 1) => value.toFixed(digits)

/** One burst, in a page of its own. `busy`: milliseconds of processor time of the page's main thread. */
async function burst(browser, server, how, events) {
  server.rows = Array.from({ length: 200 }, (_, id) => ({ id: String(id), value: 0 }))
  const context = await browser.newContext()
  const page = await context.newPage()
  const devtools = await context.newCDPSession(page)
  await devtools.send('Performance.enable')
  const worked = async () => (await devtools.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'ThreadTime').value * 1_000
  await page.goto(`${server.origin}/burst#${how}`)
  await page.waitForFunction(() => bench.ready && document.querySelectorAll('li').length === 200 && bench.fetching() === 0)
  await page.evaluate(() => (bench.renders = 0))
  server.reads = 0
  const changes = Array.from({ length: events }, (_, at) => ['row:changed', { id: String(at % 200), value: at + 1 }])
  for (const [, { id, value }] of changes) server.rows[Number(id)].value = value
  const done = page.evaluate(
    async ({ id, value }) => {
      const over = () => document.getElementById(`row-${id}`).textContent === String(value) && bench.fetching() === 0
      while (!over()) await new Promise((resolve) => setTimeout(resolve, 1))
    },
    changes.at(-1)[1],
  )
  const before = await worked()
  const started = performance.now()
  server.tell(changes)
  await done
  const ms = performance.now() - started
  const busy = (await worked()) - before
  await page.waitForTimeout(1_000) // what comes late counts too
  const renders = await page.evaluate(() => bench.renders)
  await context.close()
  return { renders, reads: server.reads, busy, ms }
}

/** A burst of events that change rows of a list on the screen; the ways in turns. */
export async function bursts(events = 1_000) {
  const server = await BenchServer.start(await pages(['burst.jsx']))
  const browser = await launch()
  const ways = {
    'Tidewire, a rule that patches': 'tidewire',
    'Tidewire, a rule that invalidates': 'tidewire-invalidate',
    'socket.io-client, `setQueryData` in the handler': 'setdata',
    'socket.io-client, `invalidateQueries` in the handler': 'invalidate',
  }
  const rounds = Object.fromEntries(Object.keys(ways).map((name) => [name, []]))
  for (let round = 0; round < 5; round += 1) {
    progress(`round ${round + 1}`)
    for (const [name, how] of Object.entries(ways)) rounds[name].push(await burst(browser, server, how, events))
  }
  const results = Object.fromEntries(
    Object.entries(rounds).map(([name, all]) => [name, Object.fromEntries(['renders', 'reads', 'busy', 'ms'].map((what) => [what, median(all.map((one) => one[what]))]))]),
  )
  await browser.close()
  await server.stop()
  const base = Object.values(results)[0]
  const rows = Object.entries(results).map(([name, { renders, reads, busy, ms }]) => [name, renders, reads, fixed(busy, 0), fixed(busy / base.busy), fixed(ms, 0), fixed(ms / base.ms)])
  return table([`a burst of ${events} events`, 'renders of the list', 'fetches', 'ms of processor time in the page', 'ratio', 'ms until all is shown', 'ratio'], rows)
}

/** From a real tap to the changed text, and to the next picture, without a network. */
export async function taps(count = 60) {
  const server = await BenchServer.start(await pages(['tap.jsx']))
  const browser = await launch()
  const rows = []
  let base
  for (const [name, how] of [['Tidewire', 'tidewire'], ['TanStack Query, `onMutate`', 'query'], ['offline-transactions 1.0.53', 'transactions']]) {
    progress(name)
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(`${server.origin}/tap#${how}`)
    await page.waitForFunction(() => bench.ready && document.querySelector('#like-99'))
    await context.setOffline(true)
    for (let at = 0; at < count; at += 1) {
      await page.locator(`#like-${at}`).click()
      await page.waitForFunction((so) => bench.painted.length === so, at + 1)
    }
    const { changed, painted } = await page.evaluate(() => bench)
    const now = { changed: median(changed), painted: median(painted), worst: Math.max(...painted) }
    base ??= now
    rows.push([name, fixed(now.changed), fixed(now.changed / base.changed), fixed(now.painted), fixed(now.worst)])
    await context.close()
  }
  await browser.close()
  await server.stop()
  return table([`${count} taps offline, each another item`, 'ms until the text has changed', 'ratio', 'ms until it was painted', 'slowest'], rows)
}

/** Bytes that stay after a component was mounted and unmounted so often. */
export async function mounts(cycles = 100_000) {
  const server = await BenchServer.start(await pages(['mounts.jsx']))
  const browser = await launch('--js-flags=--expose-gc', '--enable-precise-memory-info')
  const rows = []
  for (const [name, what] of [['one `useQuery`', 'query'], ['all hooks of Tidewire, and the same query', 'everything']]) {
    progress(name)
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(`${server.origin}/mounts`)
    await page.waitForFunction(() => globalThis.bench)
    const { before, after, each } = await page.evaluate(([what, cycles]) => bench(what, cycles), [what, cycles])
    rows.push([name, fixed(before / 1e6, 2), fixed(after / 1e6, 2), fixed((after - before) / cycles, 2), fixed(each * 1_000, 0)])
    await context.close()
  }
  await browser.close()
  await server.stop()
  return table([`${cycles} mounts and unmounts`, 'MB before', 'MB after', 'bytes a cycle', 'µs a cycle'], rows)
}

/** A page that finds 100 writes and 100 queries (1 kB each) from before. */
export async function starts(rounds = 9) {
  const server = await BenchServer.start(await pages(['start.js']))
  const browser = await launch()
  const rows = []
  let base
  for (const [name, how] of [['Tidewire, IndexedDB', 'tidewire'], ['TanStack Query, persisted to localStorage', 'query']]) {
    progress(name)
    const context = await browser.newContext()
    const page = await context.newPage()
    const load = async () => {
      await page.goto('about:blank')
      await page.goto(`${server.origin}/start#${how}`)
      await page.waitForFunction(() => globalThis.bench)
      return page.evaluate(() => ({ found: bench.found, ms: bench.ms }))
    }
    await load()
    await page.evaluate(() => bench.fill())
    const times = []
    for (let round = 0; round < rounds; round += 1) {
      const { found, ms } = await load()
      if (!found) throw new Error(`${name} did not find everything`)
      times.push(ms)
    }
    base ??= median(times)
    rows.push([name, fixed(median(times)), fixed(median(times) / base)])
    await context.close()
  }
  await browser.close()
  await server.stop()
  return table(['start with 100 writes and 100 queries', 'ms until all is there', 'ratio'], rows)
}
