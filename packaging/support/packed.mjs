// The published packages as their users get them: packed, and unpacked beside one React and one TanStack Query in a folder of its own.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'tidewire-packed-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

/** Every package that is published, packed. */
export const packages = readdirSync(join(root, 'packages'))
  .map((name) => join(root, 'packages', name))
  .filter((path) => existsSync(join(path, 'package.json')))
  .map((path) => ({ path, manifest: JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) }))
  .filter(({ manifest }) => manifest.private !== true)
  .map(({ path, manifest }) => {
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
    const file = execFileSync(npm, ['pack', '--silent', '--pack-destination', folder, path], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    return { name: manifest.name, path, manifest, tarball: join(folder, file) }
  })

/** The entries of a package that hold code: `@tidewire/client/js` and the like. */
export const entries = packages.flatMap(({ name, manifest }) =>
  Object.keys(manifest.exports)
    .filter((entry) => entry !== './package.json')
    .map((entry) => ({ name: entry.replace(/^\./, name), at: name, entry })),
)

/** Where each React is installed here. */
const REACTS = { 18: join(root, 'packaging'), 19: join(root, 'packages/react') }

/** A folder with the packed packages, this React and `files`, and what else is named, as `packages/react-native` has it; nothing else of this repository can be reached from it. */
export function consumer(react, files = {}, others = []) {
  const place = mkdtempSync(join(folder, `react-${react}-`))
  const modules = join(place, 'node_modules')
  const put = (name, from) => {
    const require = createRequire(join(from, 'package.json'))
    const found = require.resolve.paths(name).map((path) => join(path, name)).find((path) => existsSync(join(path, 'package.json')))
    if (found === undefined || existsSync(join(modules, name))) return
    cpSync(found, join(modules, name), { recursive: true, dereference: true })
    const { dependencies = {} } = JSON.parse(readFileSync(join(found, 'package.json'), 'utf8'))
    for (const dependency of Object.keys(dependencies)) put(dependency, found)
  }
  for (const name of ['react', 'react-dom']) put(name, REACTS[react])
  put('@tanstack/react-query', REACTS[19])
  put('@msgpack/msgpack', join(root, 'packages/client'))
  for (const name of others) put(name, join(root, 'packages/react-native'))
  for (const { name, tarball } of packages) {
    mkdirSync(join(modules, name), { recursive: true })
    execFileSync('tar', ['-xzf', tarball, '-C', join(modules, name), '--strip-components=1'])
  }
  const all = { 'package.json': '{ "private": true, "type": "module" }', ...files }
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(place, name)), { recursive: true })
    writeFileSync(join(place, name), text)
  }
  const version = JSON.parse(readFileSync(join(modules, 'react/package.json'), 'utf8')).version
  if (!version.startsWith(`${react}.`)) throw new Error(`wanted React ${react}, found ${version}`)
  return place
}
