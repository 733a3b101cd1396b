// A page that a test serves: one script of e2e/peers, bundled for a browser from the built packages, on an origin of its own.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const HTML = '<!doctype html><meta charset="utf-8"><title>A test</title><script src="/page.js"></script>'

/** The script of `entry` (a file of e2e/peers) with all that it imports. `alias` puts other modules in the place of some. */
export async function bundle(entry, alias = {}) {
  const file = (name) => fileURLToPath(new URL(`../peers/${name}`, import.meta.url))
  const { outputFiles } = await build({
    entryPoints: [file(entry)],
    alias: Object.fromEntries(Object.entries(alias).map(([module, name]) => [module, file(name)])),
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'warning',
  })
  return outputFiles[0].text
}

/** Serves the page with this script until `stop`. */
export async function servePage(script) {
  const http = createServer((request, response) => {
    if (request.url === '/page.js') response.setHeader('content-type', 'text/javascript; charset=utf-8').end(script)
    else if (request.url === '/') response.setHeader('content-type', 'text/html; charset=utf-8').end(HTML)
    else response.writeHead(404).end()
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return {
    origin: `http://127.0.0.1:${http.address().port}`,
    async stop() {
      http.closeAllConnections()
      http.close()
      await once(http, 'close')
    },
  }
}
