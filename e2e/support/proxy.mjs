// A TCP proxy between one browser and the server: the network, as bad as a test wants it.
//
// `refuse`: nobody listens. `swallow`: connections open, bytes go in and nothing ever comes out. `portal`: every request is answered
// with a friendly page. `loseAnswer`: the request gets through, and the link dies when the answer comes. `hold`: a request and its
// answer wait until the test lets them go.
import net from 'node:net'
import { once } from 'node:events'

const PORTAL = '<!doctype html><title>Hotel Wi-Fi</title><h1>Welcome! Please accept the terms.</h1>'

export class Proxy {
  #listener
  #links = new Set()
  #mode = 'open'
  #traps = []
  port = 0

  constructor(target) {
    this.target = target
  }

  static async start(target) {
    const proxy = new Proxy(target)
    await proxy.#listen()
    return proxy
  }

  get origin() {
    return `http://127.0.0.1:${this.port}`
  }

  async #listen() {
    this.#listener = net.createServer((client) => this.#accept(client))
    this.#listener.listen(this.port, '127.0.0.1')
    await once(this.#listener, 'listening')
    this.port = this.#listener.address().port
  }

  async cut(mode) {
    this.#mode = mode
    if (mode === 'refuse') {
      const closed = once(this.#listener, 'close')
      this.#listener.close()
      for (const link of this.#links) link.destroy()
      await closed
    } else {
      for (const link of this.#links) {
        if (mode === 'portal') link.destroy()
        else link.mute()
      }
    }
  }

  async heal() {
    const before = this.#mode
    this.#mode = 'open'
    if (before === 'refuse') await this.#listen()
    // The other end has forgotten the old connections: what is sent on one, or was and is sent again, is answered by a reset. One on
    // which nothing was said stays half open, and the client must find out.
    for (const link of this.#links) link.unmute()
  }

  async stop() {
    for (const link of this.#links) link.destroy()
    if (this.#listener.listening) {
      this.#listener.close()
      await once(this.#listener, 'close')
    }
  }

  /** The next request whose first line matches is forwarded; when its answer comes the link dies instead. Resolves then. */
  loseAnswer(line) {
    return new Promise((resolve) => this.#traps.push({ line, spring: (link) => (link.destroy(), resolve()) }))
  }

  /** The next request whose first line matches and whose answer gets through. One that is given up meanwhile was not the one. */
  answered(line) {
    return new Promise((resolve) => {
      const trap = {
        line,
        before: (link, forward) => {
          link.lost = () => this.#traps.unshift(trap)
          link.trap = {
            spring: (_, answer) => {
              link.lost = undefined
              link.pass(answer)
              resolve()
            },
          }
          forward()
        },
      }
      this.#traps.push(trap)
    })
  }

  /** The next request whose first line matches waits for `forward`, and its answer for `pass`. If it is given up meanwhile, `answerReached` says so. */
  hold(line) {
    const held = {}
    held.requestReached = new Promise((resolve) => {
      held.answerReached = new Promise((answered, failed) => {
        this.#traps.push({
          line,
          before: (link, forward) => {
            link.lost = () => failed(new Error(`a request that was held was given up: ${line}`))
            held.forward = () => {
              link.trap = {
                spring: (_, answer) => {
                  held.pass = () => link.pass(answer)
                  answered()
                },
              }
              forward()
            }
            resolve()
          },
        })
      })
    })
    held.answerReached.catch(() => {}) // Not everybody waits for it.
    return held
  }

  /** Heads of the requests that went through, as they were sent: the browser's own repetitions too. */
  requests = []

  #record(chunk) {
    const text = chunk.toString('latin1')
    if (!/^[A-Z]+ \/\S* HTTP\/1\.1\r\n/.test(text)) return
    const [line, ...rest] = text.slice(0, text.indexOf('\r\n\r\n')).split('\r\n')
    const headers = Object.fromEntries(rest.map((it) => [it.slice(0, it.indexOf(':')).toLowerCase(), it.slice(it.indexOf(':') + 1).trim()]))
    this.requests.push({ line, headers })
  }

  #trapFor(chunk) {
    const text = chunk.toString('latin1')
    const first = text.slice(0, Math.max(0, text.indexOf('\r\n')))
    const at = this.#traps.findIndex((trap) => trap.line.test(first))
    return at < 0 ? undefined : this.#traps.splice(at, 1)[0]
  }

  #accept(client) {
    client.on('error', () => {})
    if (this.#mode === 'swallow') {
      const link = new Link(client, undefined)
      link.mute()
      this.#links.add(link)
      client.on('data', () => link.onSwallowed())
      client.on('close', () => this.#links.delete(link))
      return
    }
    if (this.#mode === 'portal') {
      client.once('data', () => {
        client.end(`HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: ${PORTAL.length}\r\nconnection: close\r\n\r\n${PORTAL}`)
      })
      return
    }
    const server = net.connect(this.target.port, '127.0.0.1')
    client.setNoDelay(true)
    server.setNoDelay(true)
    const link = new Link(client, server)
    this.#links.add(link)
    client.on('data', (chunk) => {
      if (link.muted) return link.onSwallowed()
      this.#record(chunk)
      const trap = this.#trapFor(chunk)
      if (trap?.before) trap.before(link, () => server.write(chunk))
      else {
        if (trap) link.trap = trap
        server.write(chunk)
      }
    })
    server.on('data', (chunk) => {
      if (link.muted) return
      const trap = link.trap
      link.trap = undefined
      if (trap) trap.spring(link, chunk)
      else link.pass(chunk)
    })
    // A half-open link lives on while the browser keeps its side.
    const over = () => {
      if (!link.muted) link.destroy()
    }
    for (const side of [client, server]) {
      side.on('error', over)
      side.on('close', over)
    }
    client.on('close', () => {
      this.#links.delete(link)
      link.gone()
    })
  }
}

class Link {
  muted = false
  trap = undefined
  /** Told once when it is closed. */
  lost = undefined

  constructor(client, server) {
    this.client = client
    this.server = server
  }

  pass(chunk) {
    if (!this.muted) this.client.write(chunk)
  }

  /** Half open: the browser's side stays up and silent. */
  mute() {
    this.muted = true
    this.server?.destroy()
  }

  #spoken = false
  #forgotten = false

  onSwallowed() {
    this.#spoken = true
    if (this.#forgotten) this.client.resetAndDestroy()
  }

  unmute() {
    if (!this.muted) return
    this.#forgotten = true
    if (this.#spoken) this.client.resetAndDestroy()
  }

  destroy() {
    this.muted = true
    this.client.destroy()
    this.server?.destroy()
    this.gone()
  }

  gone() {
    const lost = this.lost
    this.lost = undefined
    lost?.()
  }
}
