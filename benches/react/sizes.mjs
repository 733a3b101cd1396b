// What an app downloads for us, and for the stack that it would have instead, part by part. React and TanStack Query are there in both cases and are not counted.
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { table } from './browser.mjs'

async function sizeOf(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('..', import.meta.url)) },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    define: { 'process.env.NODE_ENV': '"production"' },
    external: ['react', 'react-dom', '@tanstack/react-query', '@tanstack/query-core'],
    logLevel: 'error',
  })
  return { raw: outputFiles[0].contents.length, gzip: gzipSync(outputFiles[0].contents, { level: 9 }).length }
}

const THEIRS = {
  'connection: `io` of socket.io-client 4.8.4': `export { io } from 'socket.io-client'`,
  'queue: `startOfflineExecutor` of offline-transactions 1.0.53 with `createCollection`, `localOnlyCollectionOptions` of its db': `export { startOfflineExecutor } from '@tanstack/offline-transactions'; export { createCollection, localOnlyCollectionOptions } from '@tanstack/db'`,
  'cache on disk: `persistQueryClient`, a storage persister': `export { persistQueryClient } from '@tanstack/react-query-persist-client'; export { createSyncStoragePersister } from '@tanstack/query-sync-storage-persister'`,
}
const OURS = {
  'connection, queue, stores: `createTidewire`, `defineMutation`, `defineRules`, the rules': `export { createTidewire, defineMutation, defineRules, patch, insert, remove } from '@tidewire/client'`,
  'the same with `@tidewire/client/js`': `export { createTidewire, defineMutation, defineRules, patch, insert, remove } from '@tidewire/client/js'`,
}
const HOOKS = `import * as react from '@tidewire/react'; export default react`

export async function sizes() {
  const rows = []
  const add = (name, { raw, gzip }) => rows.push([name, raw, gzip])
  for (const [name, contents] of Object.entries(THEIRS)) add(name, await sizeOf(contents))
  const stack = await sizeOf(Object.values(THEIRS).join(';'))
  add('**that stack together**', stack)
  for (const [name, contents] of Object.entries(OURS)) add(name, await sizeOf(contents))
  const whole = await sizeOf(`${OURS['connection, queue, stores: `createTidewire`, `defineMutation`, `defineRules`, the rules']}; ${HOOKS.replace('export default', 'export const hooks =')}`)
  add('**Tidewire with its hooks**', whole)
  rows.push(['ratio to that stack', (whole.raw / stack.raw).toFixed(2), (whole.gzip / stack.gzip).toFixed(2)])
  return table(['part', 'bytes, minified', 'gzip'], rows)
}
