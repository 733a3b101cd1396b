// webpack and Next.js, which are fetched for it: only with TIDEWIRE_SLOW=1.
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { app } from '../support/app.mjs'
import { packages } from '../support/packed.mjs'

const slow = { skip: process.env.TIDEWIRE_SLOW ? false : 'set TIDEWIRE_SLOW=1' }
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'

/** A folder into which the packed packages and these others were installed, as anybody would. */
function installed(files, ...others) {
  const place = mkdtempSync(join(tmpdir(), 'tidewire-slow-'))
  process.on('exit', () => rmSync(place, { recursive: true, force: true }))
  for (const [name, text] of Object.entries({ 'package.json': '{ "private": true }', ...files })) {
    mkdirSync(dirname(join(place, name)), { recursive: true })
    writeFileSync(join(place, name), text)
  }
  const all = [...packages.map(({ tarball }) => tarball), 'react@19.3.1', 'react-dom@19.3.1', '@tanstack/react-query@5.108.0', ...others]
  execFileSync(npm, ['install', '--no-audit', '--no-fund', '--silent', ...all], { cwd: place, stdio: ['ignore', 'ignore', 'inherit'] })
  return place
}

/** Its output; where it fails, that is the error. */
function run(place, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: place, encoding: 'utf8', env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1' } })
  assert.equal(status, 0, `${stdout}${stderr}`)
  return stdout
}

test('webpack bundles it, with no warning', slow, () => {
  const config = `module.exports = { mode: 'production', entry: './src/main.jsx', performance: false,
    module: { rules: [{ test: /\\.jsx$/, loader: 'esbuild-loader', options: { jsx: 'automatic', target: 'es2022' } }] } }`
  const place = installed({ 'src/main.jsx': app('@tidewire/client'), 'webpack.config.cjs': config }, 'webpack@5.112.2', 'esbuild-loader')
  const build = "const webpack = require('webpack'); webpack(require('./webpack.config.cjs'), (error, stats) => { if (error) throw error; console.log(stats.toString({ colors: false })) })"
  assert.match(run(place, '-e', build), /compiled successfully/)
})

const PAGE = `'use client'
import { QueryClient } from '@tanstack/react-query'
import { createTidewire } from '@tidewire/client'
import { TidewireProvider, useSocketConnection } from '@tidewire/react'
import { useState } from 'react'
function Status() { return <p>{useSocketConnection().status}</p> }
export default function Page() {
  const [queryClient] = useState(() => new QueryClient())
  const [client] = useState(() => createTidewire({ url: '', user: 'ana', token: () => null }))
  return <TidewireProvider client={client} queryClient={queryClient}><Status /></TidewireProvider>
}`
/** A component that stays on the server may import the entries: the boundary is written in them. */
const LAYOUT = `import '@tidewire/react'
export default function Layout({ children }) { return <html lang="en"><body>{children}</body></html> }`

test('Next.js builds and serves it, rendered on the server', slow, async () => {
  const place = installed({ 'app/page.jsx': PAGE, 'app/layout.jsx': LAYOUT }, 'next@16.4.6')
  const next = 'node_modules/next/dist/bin/next'
  run(place, next, 'build')
  const server = spawn(process.execPath, [next, 'start', '--port', '0'], { cwd: place, stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    for await (const line of createInterface({ input: server.stdout })) {
      const url = /http:\/\/localhost:\d+/.exec(line)?.[0]
      if (url === undefined) continue
      assert.match(await (await fetch(url)).text(), /<p>idle<\/p>/)
      return
    }
    assert.fail('it did not start')
  } finally {
    const gone = once(server, 'exit')
    server.kill()
    await gone
    server.stdout.destroy() // a child of its own may hold it open
  }
})
