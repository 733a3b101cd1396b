// Apps built from the packed packages, with React 18 and 19: rendered by a server in ESM and CommonJS; built by Vite and used in Chromium against the real server; under a
// policy that forbids WebAssembly (decision: the plain JavaScript engine).
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { transformSync } from 'esbuild'
import { chromium } from 'playwright-core'
import { Server as SocketIo } from 'socket.io'
import { build } from 'vite'
import { Server } from '../../e2e/support/server.mjs'
import { app, html, ssr } from '../support/app.mjs'
import { consumer } from '../support/packed.mjs'

/** No script but the page's own, no WebAssembly, no eval. */
const STRICT = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:"

let browser
before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    // A page whose answer the test changes has no address of its own, which Chromium would not let speak to this machine.
    args: ['--no-sandbox', '--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets'],
  })
})
after(() => browser.close())

for (const react of [18, 19]) {
  test(`React ${react}: a server renders it, without side effects, from ESM and CommonJS`, () => {
    const cjs = transformSync(ssr, { format: 'cjs' }).code
    const place = consumer(react, { 'ssr.mjs': ssr, 'ssr.cjs': cjs })
    // A timer or a socket that was left would keep the process from ending.
    for (const file of ['ssr.mjs', 'ssr.cjs']) assert.equal(execFileSync(process.execPath, [file], { cwd: place, encoding: 'utf8' }).trim(), '<p>waiting idle 0</p>')
  })
}

async function built(react, entry) {
  const place = consumer(react, { 'index.html': html, 'src/main.jsx': app(entry) })
  await build({ root: place, configFile: false, logLevel: 'error', build: { target: 'es2022', modulePreload: { polyfill: false } }, oxc: { jsx: { runtime: 'automatic' } } })
  return join(place, 'dist')
}

/** The page over the real server, whose answers to page loads carry this policy. */
async function visit(dist, policy, use) {
  const server = await Server.start(dist)
  const context = await browser.newContext({ serviceWorkers: 'block' })
  try {
    const { token } = await (await fetch(`${server.origin}/api/login`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"name":"ben"}' })).json()
    await fetch(`${server.origin}/api/activities`, { method: 'POST', headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` }, body: '{"title":"Picnic"}' })
    const page = await context.newPage()
    const faults = []
    const fault = (text) => faults.push(text) && page.emit('fault')
    page.on('pageerror', (error) => fault(String(error)))
    page.on('console', (message) => message.type() === 'error' && fault(message.text()))
    if (policy !== undefined) {
      await page.route(`${server.origin}/`, async (route) => {
        const response = await route.fetch()
        await route.fulfill({ response, headers: { ...response.headers(), 'content-security-policy': policy } })
      })
    }
    await page.goto(server.origin)
    await use(page, faults, server)
  } finally {
    await context.close()
    await server.stop()
  }
}

async function likes(page, faults) {
  await page.locator('#status', { hasText: 'connected' }).waitFor()
  const button = page.locator('.like', { hasText: 'Picnic' }).first()
  const before = Number(/\d+$/.exec(await button.textContent())[0])
  await button.click()
  await page.locator('.like', { hasText: `Picnic ${before + 1}` }).first().waitFor()
  assert.deepEqual(faults, [])
}

for (const react of [18, 19]) {
  test(`React ${react}: built by Vite, it connects, likes and shows it in Chromium`, async () => {
    await visit(await built(react, '@tidewire/client'), undefined, likes)
  })
}

test('a policy without WebAssembly and eval: the plain JavaScript engine works', async () => {
  await visit(await built(19, '@tidewire/client/js'), STRICT, likes)
})

test('a policy without WebAssembly: the default entry says what to do instead', async () => {
  await visit(await built(19, '@tidewire/client'), STRICT, async (page, faults) => {
    while (!faults.some((text) => text.includes('@tidewire/client/js'))) await once(page, 'fault')
  })
})

test('the facade of socket.io-client, as it is packed: an event carries its arguments and nothing else', async () => {
  const http = createServer()
  const io = new SocketIo(http)
  io.on('connection', (socket) => socket.on('what', (...args) => args.pop()({ args })))
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const script = (load) => `${load}
const socket = io('http://127.0.0.1:${http.address().port}', { transports: ['polling'] })
socket.emitWithAck('what', 1, { a: 2 }).then((it) => { console.log(JSON.stringify(it)); socket.disconnect() })`
  try {
    for (const [type, load] of [['module', "import { io } from '@tidewire/client/socket.io'"], ['commonjs', "const { io } = require('@tidewire/client/socket.io')"]]) {
      const child = spawn(process.execPath, [`--input-type=${type}`, '-e', script(load)], { cwd: consumer(19), stdio: ['ignore', 'pipe', 'inherit'] })
      let said = ''
      child.stdout.on('data', (chunk) => (said += chunk))
      await once(child, 'close')
      assert.deepEqual(JSON.parse(said), { args: [1, { a: 2 }] })
    }
  } finally {
    await io.close()
  }
})
