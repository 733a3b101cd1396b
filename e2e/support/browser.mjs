// Real Chromium, one context per person: a phone's storage, service worker and network of its own.
import { chromium } from 'playwright-core'

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium', args: ARGS })

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
  }

  /** A tab where this person is signed in, with the list on the screen. */
  async tab() {
    const page = await this.context.newPage()
    page.on('pageerror', (error) => this.errors.push(error))
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
    await this.context.close()
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
