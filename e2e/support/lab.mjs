// A page with the built client bare (peers/lab-page.js), served by the real Activities server, each browser profile with a network of its own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle } from './bundle.mjs'
import { whileAlive } from './endings.mjs'
import { Proxy } from './proxy.mjs'
import { Server } from './server.mjs'
import { openBrowser } from './world.mjs'

const HTML = '<!doctype html><meta charset="utf-8"><title>A lab</title><script src="/lab.js"></script>'

export class Lab {
  static async open() {
    const lab = new Lab()
    try {
      await lab.#fill()
      return lab
    } catch (error) {
      await lab.close()
      throw error
    }
  }

  web = mkdtempSync(join(tmpdir(), 'tidewire-lab-'))
  errors = []

  async #fill() {
    writeFileSync(join(this.web, 'index.html'), HTML)
    writeFileSync(join(this.web, 'lab.js'), await bundle('lab-page.js'))
    this.server = await Server.start(this.web)
    this.network = await Proxy.start(this.server)
    this.browser = await openBrowser()
    this.context = await this.browser.newContext()
  }

  async page() {
    const page = await this.context.newPage()
    page.on('pageerror', (error) => this.errors.push(error))
    await page.goto(this.network.origin)
    await page.waitForFunction(() => globalThis.lab !== undefined)
    return page
  }

  /** A fresh activity of Cleo's. */
  async activity() {
    return (await this.server.request('cleo', 'POST', '/api/activities', { title: 'Swim at dawn' })).id
  }

  async close() {
    if (this.browser?.isConnected()) await this.context?.close()
    await this.network?.stop()
    await this.server?.stop()
    rmSync(this.web, { recursive: true, force: true })
  }
}

/** Runs a test in a lab of its own. A page that threw fails it. */
export const inLab = (body) => async () => {
  const lab = await Lab.open()
  try {
    await whileAlive(lab.browser, () => body(lab))
    if (lab.errors.length > 0) throw new AggregateError(lab.errors, 'a page threw')
  } finally {
    await lab.close()
  }
}
