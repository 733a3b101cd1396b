// `cargo xtask bench react`: everything, or the parts that are named. `--cycles N`: mounts and unmounts. The tables go to standard output and, as they come, to a file. Each part
// has a process of its own, so that one which fails or comes to no end takes no other with it; then the command fails at its end.
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { failures } from './failures.mjs'
import { bursts, mounts, starts, taps } from './measure.mjs'
import { sizes } from './sizes.mjs'

const args = process.argv.slice(2)
const after = (option) => (args.includes(option) ? args[args.indexOf(option) + 1] : undefined)
const cycles = Number(after('--cycles') ?? 100_000)
const PARTS = { failures, bursts, taps, mounts: () => mounts(cycles), starts, sizes }
/** Minutes that a part may take; the longest takes three on a busy machine. */
const LIMIT = 8
const FILE = fileURLToPath(new URL('../../target/bench/react.json', import.meta.url))

/** Runs one part in another process: its table, or what went wrong. */
function apart(name) {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), '--alone', name, '--cycles', String(cycles)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  let late = false
  child.stdout.setEncoding('utf8').on('data', (text) => (said += text))
  const timer = setTimeout(() => {
    late = true
    child.kill() // Playwright ends its browser
    setTimeout(() => child.kill('SIGKILL'), 10_000).unref()
  }, LIMIT * 60_000)
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearTimeout(timer)
      if (late) resolve({ failed: `no end within ${LIMIT} minutes` })
      else resolve(code === 0 ? JSON.parse(said) : { failed: `ended with ${code}` })
    })
  })
}

async function all(names) {
  const results = {}
  mkdirSync(dirname(FILE), { recursive: true })
  for (const name of names) {
    console.error(`-- ${name}`)
    const began = performance.now()
    const { text, ...result } = await apart(name)
    const seconds = Math.round((performance.now() - began) / 1_000)
    console.error(`   ${seconds} s`)
    console.log(`\n${text ?? `${name}: ${result.failed}`}`)
    results[name] = { seconds, ...result }
    writeFileSync(FILE, `${JSON.stringify(results, null, 2)}\n`)
  }
  console.error(`written to ${FILE}`)
  const failed = names.filter((name) => results[name].failed)
  if (failed.length > 0) console.error(`failed: ${failed.join(', ')}`)
  process.exitCode = failed.length > 0 ? 1 : 0
}

const alone = after('--alone')
if (alone !== undefined) console.log(JSON.stringify(await PARTS[alone]()))
else {
  const named = args.filter((arg) => arg in PARTS)
  await all(named.length === 0 ? Object.keys(PARTS) : named)
}
