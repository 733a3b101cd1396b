// Real Chromium, one context per person: a phone's storage, service worker and network of its own.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'
import { watchBrowser } from './endings.mjs'
import { stored } from './stored.mjs'

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export async function launch() {
  const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
  const said = []
  // Playwright shows its process to nobody; Node does.
  const started = ({ process: child }) => process.nextTick(() => child.spawnfile === executablePath && listen(child, said))
  subscribe('child_process', started)
  try {
    const browser = await chromium.launch({ executablePath, args: ARGS, handleSIGTERM: false })
    watchBrowser(browser, said)
    return browser
  } finally {
    unsubscribe('child_process', started)
  }
}

/** Lines of its log that are kept. Without a message bus it complains about that all the time. */
const LAST = 40
const NOISE = /dbus|UPower|unexpected operator/

/** Keeps the last that it says and how it ends, to be told when it goes. */
function listen(child, said) {
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (NOISE.test(line)) return
    said.push(line.slice(0, 400))
    if (said.length > LAST) said.shift()
  })
  child.once('exit', (code, signal) => said.push(`Chromium ended with ${code ?? signal}`))
}

/** One person on one phone. */
export class Phone {
  static async open(browser, origin, name, viewport = { width: 390, height: 844 }) {
    const context = await browser.newContext({ viewport, serviceWorkers: 'allow' })
    // A wait is for an event. The limit only ends a test that has failed: backoff alone may take thirty seconds.
    context.setDefaultTimeout(75_000)
    const phone = new Phone(context, origin, name)
    phone.page = await phone.tab()
    return phone
  }

  constructor(context, origin, name) {
    this.context = context
    this.origin = origin
    this.name = name
    this.errors = []
    /** The last lines of its console. */
    this.said = []
  }

  /** A tab where this person is signed in, with the list on the screen. */
  async tab() {
    const page = await this.context.newPage()
    page.on('pageerror', (error) => this.errors.push(error))
    page.on('console', (message) => this.said.push(message.text().slice(0, 200)) > LAST && this.said.shift())
    await page.goto(this.origin)
    await page.getByTestId(`login-${this.name}`).click()
    await page.locator('[data-testid^="like-count-"]').first().waitFor()
    return page
  }

  /** The app opens offline once its service worker controls the page. */
  async installed() {
    await this.page.evaluate(async () => {
      await navigator.serviceWorker.ready
      if (navigator.serviceWorker.controller === null) {
        await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }))
      }
    })
  }

  /** Once what was tapped is stored. */
  async reload(page = this.page) {
    await stored(page)
    await page.reload()
  }

  async connected(page = this.page) {
    await page.getByTestId('connection-banner').waitFor({ state: 'detached' })
  }

  async openActivity(id, page = this.page) {
    await page.getByTestId(`activity-${id}`).first().click()
    await page.getByTestId('cheer').waitFor()
  }

  count(testId, page = this.page) {
    return page.getByTestId(testId).first()
  }

  /** Waits for exactly this text. */
  async shows(testId, text, page = this.page) {
    await page
      .getByTestId(testId)
      .filter({ hasText: new RegExp(`^${text}$`) })
      .first()
      .waitFor()
  }

  async messages(page = this.page) {
    return page.getByTestId('message-text').allTextContents()
  }

  async close() {
    if (this.context.browser()?.isConnected()) await this.context.close()
  }
}

/** Records every text that an element has had from now on, the first included: of every change of the DOM, also of several before the browser comes to itself. */
export async function watchText(page, testId) {
  await page.evaluate((id) => {
    const find = () => document.querySelector(`[data-testid="${id}"]`)
    const seen = [find()?.textContent ?? null]
    const note = (text) => text !== null && text !== undefined && text !== seen.at(-1) && seen.push(text)
    const look = (records) => {
      const element = find()
      const alone = element?.childNodes.length === 1
      for (const { type, target, oldValue, removedNodes } of records) {
        if (!element?.contains(target)) continue
        if (type === 'characterData' && alone) note(oldValue)
        if (target === element) for (const node of removedNodes) note(node.textContent)
      }
      note(element?.textContent)
    }
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true, characterDataOldValue: true })
    globalThis.__seen = { ...globalThis.__seen, [id]: seen }
  }, testId)
  return () => page.evaluate((id) => globalThis.__seen[id], testId)
}
