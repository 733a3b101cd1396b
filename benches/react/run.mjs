// `cargo xtask bench react`: everything, or the parts that are named. `--cycles N`: mounts and unmounts.
import { failures } from './failures.mjs'
import { bursts, mounts, starts, taps } from './measure.mjs'
import { sizes } from './sizes.mjs'

const args = process.argv.slice(2)
const cycles = args.includes('--cycles') ? Number(args[args.indexOf('--cycles') + 1]) : 100_000
const PARTS = { failures, bursts, taps, mounts: () => mounts(cycles), starts, sizes }
const named = args.filter((arg) => arg in PARTS)
for (const name of named.length === 0 ? Object.keys(PARTS) : named) {
  console.error(`-- ${name}`)
  console.log(`\n${await PARTS[name]()}`)
}
