// Writes the pages of docs/api. Needs the built packages: `npm run build -w packages/client` and so on.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { page } from './support/api.mjs'
import { packages, root } from './support/packed.mjs'

const folder = join(root, 'docs/api')
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
for (const one of packages) {
  const [name, text] = page(one)
  writeFileSync(join(folder, name), text)
  console.log(`docs/api/${name}`)
}
