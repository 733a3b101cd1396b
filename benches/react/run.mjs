// `cargo xtask bench react`: everything, or the parts that are named. `--cycles N`: mounts and unmounts. The tables go to standard output and, as they come, to a file.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { failures } from './failures.mjs'
import { bursts, mounts, starts, taps } from './measure.mjs'
import { sizes } from './sizes.mjs'

const args = process.argv.slice(2)
const cycles = args.includes('--cycles') ? Number(args[args.indexOf('--cycles') + 1]) : 100_000
const PARTS = { failures, bursts, taps, mounts: () => mounts(cycles), starts, sizes }
/** Minutes that a part may take; the longest takes four on a busy machine. */
const LIMIT = 20
const FILE = fileURLToPath(new URL('../../target/bench/react.json', import.meta.url))

/** Ends the run, with its browser, when a part comes to no end. */
async function limited(name) {
  const timer = setTimeout(() => {
    console.error(`${name} has not come to its end in ${LIMIT} minutes`)
    process.exit(1)
  }, LIMIT * 60_000)
  try {
    return await PARTS[name]()
  } finally {
    clearTimeout(timer)
  }
}

const named = args.filter((arg) => arg in PARTS)
const results = {}
mkdirSync(dirname(FILE), { recursive: true })
for (const name of named.length === 0 ? Object.keys(PARTS) : named) {
  console.error(`-- ${name}`)
  const began = performance.now()
  const { head, rows, text } = await limited(name)
  const seconds = Math.round((performance.now() - began) / 1_000)
  console.error(`   ${seconds} s`)
  console.log(`\n${text}`)
  results[name] = { seconds, head, rows }
  writeFileSync(FILE, `${JSON.stringify(results, null, 2)}\n`)
}
console.error(`written to ${FILE}`)
