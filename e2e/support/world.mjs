// One server, Ana and Ben, each with a network of their own. Every test gets a new world and leaves nothing behind.
import { launch, Phone } from './browser.mjs'
import { whileAlive } from './endings.mjs'
import { Proxy } from './proxy.mjs'
import { Server } from './server.mjs'

let browser

export async function openBrowser() {
  if (!browser?.isConnected()) browser = await launch()
  return browser
}
export const closeBrowser = async () => {
  await browser?.close()
  browser = undefined
}

export class World {
  static async open({ people = ['ana', 'ben'] } = {}) {
    const world = new World()
    try {
      await world.#fill(people)
      return world
    } catch (error) {
      await world.close()
      throw error
    }
  }

  phones = []
  networks = []

  async #fill(people) {
    this.server = await Server.start()
    this.activity = await this.#activity()
    for (const name of people) {
      const network = await Proxy.start(this.server)
      this.networks.push(network)
      const phone = await Phone.open(await openBrowser(), network.origin, name)
      phone.network = network
      this[name] = phone
      this.phones.push(phone)
    }
  }

  /** A fresh activity, with Ana and Ben among its participants and one like of Cleo. */
  async #activity() {
    const { id } = await this.server.request('cleo', 'POST', '/api/activities', { title: 'Swim at dawn' })
    await this.server.request('cleo', 'POST', `/api/activities/${id}/like`)
    await this.server.request('ana', 'POST', `/api/activities/${id}/participants`)
    await this.server.request('ben', 'POST', `/api/activities/${id}/participants`)
    return id
  }

  likes() {
    return this.server.sql(`SELECT user_id FROM activity_like WHERE activity_id = '${this.activity}' ORDER BY user_id`)
  }

  cheers() {
    return this.server.sql(`SELECT cheers FROM activity WHERE id = '${this.activity}'`)[0].cheers
  }

  texts() {
    return this.server.sql(`SELECT text FROM message WHERE activity_id = '${this.activity}' ORDER BY seq`).map((row) => row.text)
  }

  async close() {
    for (const phone of this.phones) await phone.close()
    for (const network of this.networks) await network.stop()
    await this.server?.stop()
  }
}

/** Runs a test in a world of its own. A page that threw fails it. */
export const inWorld = (body, options) => async () => {
  const world = await World.open(options)
  try {
    await whileAlive(browser, () => body(world), options)
    const errors = world.phones.flatMap((phone) => phone.errors)
    if (errors.length > 0) throw new AggregateError(errors, `a page threw: ${errors.join(', ')}`)
  } catch (error) {
    await photograph(world)
    if (error instanceof Error) error.message += (await Promise.all(world.phones.map(shown))).join('')
    throw error
  } finally {
    await world.close()
  }
}

/** What a person sees on a phone, in words, and the last that its console said: where a test has failed, there is no more than its log. */
async function shown({ name, page, said }) {
  const text = await Promise.race([page.evaluate(() => document.body.innerText), new Promise((resolve) => setTimeout(resolve, 5_000, '(it does not answer)'))]).catch(String)
  return `\n${name} sees: ${text.slice(0, 1_500).replace(/\s*\n\s*/g, ' / ')}\n${name}'s console: ${said.join(' / ')}`
}

async function photograph(world) {
  for (const phone of world.phones) {
    const path = new URL(`../output/failed-${phone.name}.png`, import.meta.url).pathname
    await phone.page.screenshot({ path, timeout: 5_000 }).catch(() => {})
  }
}
