// The real Activities server as a process of its own, with its database on disk. It can be killed the hard way and started again.
import { spawn, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { ends } from './endings.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const binaries = process.env.TIDEWIRE_BIN ?? join(root, 'target/debug')
const web = process.env.TIDEWIRE_WEB ?? join(root, 'examples/activities/web/dist')

export class Server {
  #process
  #web
  #data = mkdtempSync(join(tmpdir(), 'tidewire-e2e-'))
  /** Chosen by the first start, kept by the next ones. */
  port = 0

  /** `pages`: what it serves at `/`, if not the app. */
  static async start(pages = web) {
    const server = new Server()
    server.#web = pages
    await server.start()
    return server
  }

  async start() {
    const args = ['--port', String(this.port), '--data', this.#data, '--web', this.#web]
    const child = ends(spawn(join(binaries, 'activities-server'), args, { stdio: ['ignore', 'pipe', 'pipe'] }))
    this.#process = child
    const errors = []
    child.stderr.on('data', (chunk) => errors.push(chunk))
    const lines = createInterface({ input: child.stdout })
    const line = await Promise.race([
      once(lines, 'line').then(([text]) => text),
      once(child, 'exit').then(() => Promise.reject(new Error(`the server did not start: ${Buffer.concat(errors)}`))),
    ])
    this.port = Number(/listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1])
    if (!this.port) throw new Error(`the server said: ${line}`)
  }

  get origin() {
    return `http://127.0.0.1:${this.port}`
  }

  /** kill -9. */
  async kill() {
    const gone = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await gone
  }

  async stop() {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await this.kill()
    rmSync(this.#data, { recursive: true, force: true })
  }

  /** What the database says, read by another program while the server runs. */
  sql(query) {
    const output = execFileSync('sqlite3', ['-json', '-readonly', join(this.#data, this.#file()), query], { encoding: 'utf8' })
    return output.trim() === '' ? [] : JSON.parse(output)
  }

  #file() {
    const names = execFileSync('ls', [this.#data], { encoding: 'utf8' }).split('\n')
    const name = names.find((it) => /\.(db|sqlite3?)$/.test(it))
    if (name === undefined) throw new Error(`no database among ${names.join(', ')}`)
    return name
  }

  async login(name) {
    const response = await fetch(`${this.origin}/api/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name }),
    })
    return (await response.json()).token
  }

  /** A request of somebody who uses no Tidewire client. */
  async request(name, method, path, body) {
    const response = await fetch(this.origin + path, {
      method,
      headers: { authorization: `Bearer ${await this.login(name)}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return response.json()
  }
}
