// The app alone in a window, with answers of the server that a test may hold back, spoil or replace.
import { whileAlive } from './endings.mjs'
import { Server } from './server.mjs'
import { openBrowser } from './world.mjs'

export class Screen {
  #answers = new Map()

  static async open(server, { viewport = { width: 360, height: 740 } } = {}) {
    const context = await (await openBrowser()).newContext({ viewport, colorScheme: 'light', reducedMotion: 'reduce' })
    // Without the worker every request passes by here.
    await context.addInitScript(() => delete Navigator.prototype.serviceWorker)
    context.setDefaultTimeout(30_000)
    const screen = new Screen()
    screen.context = context
    screen.server = server
    screen.errors = []
    screen.page = await context.newPage()
    screen.page.on('pageerror', (error) => screen.errors.push(error))
    await screen.page.route('**/api/**', (route) => screen.#answer(route))
    await screen.page.goto(server.origin)
    return screen
  }

  async signIn(name = 'ana') {
    await this.page.getByTestId(`login-${name}`).click()
  }

  /** `answer` of a Playwright route, for requests like "GET /api/activities", until `restore`. */
  replace(request, answer) {
    this.#answers.set(request, answer)
  }

  /** As if the server had answered so. */
  says(request, status, body, headers = {}) {
    this.replace(request, (route) => route.fulfill({ status, headers, contentType: 'application/json', body: JSON.stringify(body) }))
  }

  /** No answer ever comes. */
  hold(request) {
    this.replace(request, () => undefined)
  }

  restore(request) {
    this.#answers.delete(request)
  }

  async #answer(route) {
    const request = route.request()
    const answer = this.#answers.get(`${request.method()} ${new URL(request.url()).pathname}`)
    await (answer === undefined ? route.continue() : answer(route))
  }

  id(testId) {
    return this.page.getByTestId(testId)
  }

  async open(activity) {
    await this.id(`activity-${activity}`).getByRole('link').click()
    await this.id('title').waitFor()
  }

  async back() {
    await this.page.getByRole('link', { name: 'Back to all activities' }).click()
  }

  async close() {
    if (this.context.browser()?.isConnected()) await this.context.close()
  }
}

/** Runs a test with a server of its own and a screen on it. A page that threw fails it. */
export const onScreen = (body, options) => async () => {
  const server = await Server.start()
  let screen
  try {
    screen = await Screen.open(server, options)
    await whileAlive(screen.context.browser(), () => body(screen))
    if (screen.errors.length > 0) throw new AggregateError(screen.errors, 'the page threw')
  } catch (error) {
    await screen?.page.screenshot({ path: new URL('../output/failed-screen.png', import.meta.url).pathname, timeout: 5_000 }).catch(() => {})
    throw error
  } finally {
    await screen?.close()
    await server.stop()
  }
}
