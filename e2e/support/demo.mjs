// The demo as its command runs it: the real `xtask demo`, which starts, kills and restarts the real server; its page in a real browser.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { ends, whileAlive } from './endings.mjs'
import { openBrowser } from './world.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const binaries = process.env.TIDEWIRE_BIN ?? join(root, 'target/debug')

export class Demo {
  #data = mkdtempSync(join(tmpdir(), 'tidewire-demo-'))
  #process

  static async start() {
    const demo = new Demo()
    const args = ['demo', '--no-build', '--port', '0', '--data', demo.#data]
    // A group of its own, so that the server ends with it.
    const child = ends(spawn(join(binaries, 'xtask'), args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], detached: true }), { group: true })
    demo.#process = child
    const said = []
    child.stderr.on('data', (chunk) => said.push(chunk))
    const lines = createInterface({ input: child.stdout })
    demo.url = await new Promise((resolve, reject) => {
      lines.on('line', (line) => {
        const found = /http:\S+\/demo#\S+/.exec(line)
        if (found !== null) resolve(found[0])
      })
      child.once('exit', () => reject(new Error(`the demo did not start: ${Buffer.concat(said)}`)))
    })
    demo.origin = new URL(demo.url).origin
    return demo
  }

  /** Ctrl-C in its terminal. Returns when the server is gone too: it holds the same end of the pipe. */
  async interrupt() {
    const gone = once(this.#process, 'close')
    process.kill(-this.#process.pid, 'SIGINT')
    await gone
  }

  async stop() {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const gone = once(this.#process, 'exit')
      process.kill(-this.#process.pid, 'SIGKILL')
      await gone
    }
    rmSync(this.#data, { recursive: true, force: true })
  }
}

/** The demo's page with its two phones. */
export class DemoPage {
  static async open(browser, demo, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', ...options })
    context.setDefaultTimeout(75_000)
    const page = await context.newPage()
    const opened = new DemoPage(context, page)
    page.on('pageerror', (error) => opened.errors.push(error))
    await page.goto(demo.url)
    // On a narrow screen only one of the two is shown.
    for (const phone of [opened.ana, opened.ben]) await phone.getByTestId('cheer-count').waitFor({ state: 'attached' })
    await opened.signal('ana', 'Online')
    await opened.signal('ben', 'Online')
    return opened
  }

  constructor(context, page) {
    this.context = context
    this.page = page
    this.errors = []
    this.ana = page.frameLocator('[data-testid=frame-ana]')
    this.ben = page.frameLocator('[data-testid=frame-ben]')
  }

  async signal(person, text) {
    await this.page.getByTestId(`signal-${person}`).filter({ hasText: text }).waitFor({ state: 'attached' })
  }

  /** Waits for exactly this text. */
  async shows(where, testId, text) {
    await where.getByTestId(testId).filter({ hasText: new RegExp(`^${text}$`) }).first().waitFor()
  }

  async step(name) {
    await this.page.locator(`[data-testid=guide][data-step=${name}]`).waitFor()
  }

  async say(phone, text) {
    await phone.getByTestId('message-input').fill(text)
    await phone.getByTestId('message-send').click()
  }

  async rename(phone, title) {
    await phone.getByTestId('rename').click()
    await phone.getByTestId('rename-title').fill(title)
    await phone.getByTestId('rename-save').click()
  }

  /** Puts a mark into the phone's page, to tell later whether it is still the same page. */
  async mark(person) {
    await this.#frame(person).evaluate(() => void (globalThis.__mark = true))
    return () => this.#frame(person).evaluate(() => globalThis.__mark === true)
  }

  #frame(person) {
    return this.page.frames().find((frame) => frame.url().includes(`/phone/${person}`))
  }

  async close() {
    if (this.context.browser()?.isConnected()) await this.context.close()
  }
}

/** Runs a test on a demo of its own. A page that threw fails it. */
export const onDemo = (body, options) => async () => {
  const demo = await Demo.start()
  let page
  try {
    const browser = await openBrowser()
    page = await DemoPage.open(browser, demo, options)
    await whileAlive(browser, () => body(page, demo))
    assert.deepEqual(page.errors, [])
  } catch (error) {
    await page?.page.screenshot({ path: new URL('../output/failed-demo.png', import.meta.url).pathname, timeout: 5_000 }).catch(() => {})
    throw error
  } finally {
    await page?.close()
    await demo.stop()
  }
}
