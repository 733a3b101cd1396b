// Packages are what they say: entries resolve with their types in ESM and CommonJS, nothing is exported or depended on for nothing, no `any` in the types, each entry within
// its size, and nothing happens at import.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import ts from 'typescript'
import { page } from '../support/api.mjs'
import { consumer, entries, packages, root } from '../support/packed.mjs'

const bin = (name) => join(root, 'node_modules/.bin', name)
function run(file, args) {
  const { status, stdout, stderr } = spawnSync(file, args, { cwd: root, encoding: 'utf8' })
  assert.equal(status, 0, `${stdout}${stderr}`)
}
let place
const here = () => (place ??= consumer(19))

for (const { name, path, tarball, manifest } of packages) {
  test(`${name}: publint finds nothing`, async () => {
    const { messages } = await publint({ pkgDir: path, strict: true })
    assert.deepEqual(messages.map((message) => formatMessage(message, manifest)), [])
  })

  // Resolution of Node 10 knows no entries besides the main one.
  test(`${name}: types resolve from ESM, CommonJS and bundlers`, () => run(bin('attw'), [tarball, '--profile', 'node16', '--format', 'ascii']))

  test(`${name}: no \`any\` in its types`, () => {
    const types = join(here(), 'node_modules', name, 'dist/esm')
    for (const file of readdirSync(types, { recursive: true }).filter((one) => one.endsWith('.d.ts'))) {
      const source = ts.createSourceFile(file, readFileSync(join(types, file), 'utf8'), ts.ScriptTarget.ES2022, true)
      const visit = (node) => {
        const { line } = source.getLineAndCharacterOfPosition(node.getStart())
        assert.notEqual(node.kind, ts.SyntaxKind.AnyKeyword, `${name}/dist/esm/${file}:${line + 1}`)
        ts.forEachChild(node, visit)
      }
      visit(source)
    }
  })
}

test('the API reference says what the packages export', () => {
  const pages = packages.map(page)
  assert.deepEqual(readdirSync(join(root, 'docs/api')).sort(), pages.map(([name]) => name).sort())
  for (const [name, text] of pages) {
    const found = readFileSync(join(root, 'docs/api', name), 'utf8')
    assert.ok(found === text, `docs/api/${name} is not current: npm run api -w packaging`)
  }
})

test('knip: no export, file or dependency without a use', () => run(bin('knip'), ['--no-progress', '--no-config-hints', '--exclude', 'devDependencies,unresolved']))

/** Bytes that an app downloads for an entry, minified and by gzip; what is its peer's does not count. */
async function sizeOf({ name }) {
  const { outputFiles } = await build({
    stdin: { contents: `export * from '${name}'`, resolveDir: here() },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2020',
    platform: 'browser',
    external: ['react', 'react-dom', '@tanstack/*', '@msgpack/msgpack', '@react-native*', 'react-native*', ...packages.map((one) => one.name).filter((one) => !name.startsWith(one))],
    logLevel: 'error',
  })
  return gzipSync(outputFiles[0].contents, { level: 9 }).length
}

test('each entry is within its budget', async () => {
  const file = new URL('../sizes.json', import.meta.url)
  const budgets = JSON.parse(readFileSync(file, 'utf8'))
  const sizes = {}
  for (const entry of entries) sizes[entry.name] = await sizeOf(entry)
  console.log(sizes)
  if (process.env.UPDATE_EXPECT) {
    for (const [name, size] of Object.entries(sizes)) if (!(size <= budgets[name])) budgets[name] = Math.ceil((size * 1.02) / 100) * 100
    writeFileSync(file, `${JSON.stringify(budgets, null, 2)}\n`)
  }
  assert.deepEqual(Object.keys(budgets).sort(), Object.keys(sizes).sort())
  for (const [name, size] of Object.entries(sizes)) assert.ok(size <= budgets[name], `${name}: ${size} bytes gzip, its budget is ${budgets[name]}`)
})

/** Fails where a module uses a global of the platform while it is imported, and where it leaves something that keeps a process alive. */
const TRAPS = `
for (const name of ['fetch', 'WebSocket', 'EventSource', 'BroadcastChannel', 'Worker', 'indexedDB', 'localStorage', 'sessionStorage', 'document', 'window', 'navigator', 'location',
  'setTimeout', 'setInterval', 'setImmediate', 'addEventListener', 'requestAnimationFrame', 'WebAssembly'])
  Object.defineProperty(globalThis, name, { configurable: true, get() { throw new Error(name + ' is used at import') } })
for (const name of ['now']) { const real = Date[name]; Date[name] = () => { throw new Error('the clock is read at import') }; process.on('exit', () => { Date[name] = real }) }
Math.random = () => { throw new Error('chance is used at import') }
const before = Object.getOwnPropertyNames(globalThis).length
`
const AFTER = `if (Object.getOwnPropertyNames(globalThis).length !== before) throw new Error('a global was added')`

for (const { name } of entries) {
  test(`${name}: nothing happens at import, from ESM and from CommonJS`, () => {
    // React and TanStack Query are loaded before: what they do is theirs.
    const peers = name.startsWith('@tidewire/client') ? ['@msgpack/msgpack'] : ['react', '@tanstack/react-query']
    const esm = `${peers.map((peer) => `await import('${peer}')`).join('\n')}\n${TRAPS}\nconst it = await import('${name}')\n${AFTER}\nif (Object.keys(it).length === 0) throw new Error('it exports nothing')`
    const cjs = `${peers.map((peer) => `require('${peer}')`).join('\n')}\n${TRAPS}\nconst it = require('${name}')\n${AFTER}\nif (Object.keys(it).length === 0) throw new Error('it exports nothing')`
    execFileSync(process.execPath, ['--input-type=module', '-e', esm], { cwd: here(), stdio: 'pipe' })
    execFileSync(process.execPath, ['--input-type=commonjs', '-e', cjs], { cwd: here(), stdio: 'pipe' })
  })
}
