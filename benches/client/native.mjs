// React Native's part of `cargo xtask bench client`: the packed packages, bundled by Metro, on a Hermes VM and on V8, and what they add to an app. Prints a line
// `name<TAB>value` for each figure, medians of the rounds. The storages are in memory, with the calls of AsyncStorage and MMKV: what a phone's disk takes is not in it.
import { readFileSync } from 'node:fs'
import vm from 'node:vm'
import { gzipSync } from 'node:zlib'
import { bundle } from '../../packages/client/test/trace/bundle.mjs'
import { compileHermes, runHermes } from '../../packages/client/test/trace/machines.mjs'
import { metro } from '../../packaging/support/metro.mjs'
import { consumer } from '../../packaging/support/packed.mjs'

const rounds = Number(process.argv[2] ?? 3)
const WRITES = 200

const figures = new Map()
const put = (name, value) => figures.set(name, [...(figures.get(name) ?? []), value])

const run = readFileSync(new URL('../../packaging/support/react-native/run.js', import.meta.url), 'utf8')
const app = "import * as client from '@tidewire/client'\nimport * as native from '@tidewire/react-native'\nglobalThis.app = [client, native]\n"
const place = consumer(19, { 'run.js': run, 'app.js': app }, ['@babel/runtime', 'metro-runtime'])

const code = Buffer.from((await metro(place, 'app.js', { minify: true })).code)
const bytecode = compileHermes(code, 'V1')
for (const [name, bytes] of [['minified', code], ['bytecode', bytecode]]) {
  put(`size_${name}_bytes`, bytes.length)
  put(`size_${name}_gzip`, gzipSync(bytes, { level: 9 }).length)
}

/** With nothing but the language, timers and a clock. */
const runV8 = (source) => new Promise((print) => vm.runInContext(source, vm.createContext({ print, setTimeout, performance })))

const story = `globalThis.WRITES = ${WRITES};\n${(await metro(place, 'run.js')).code}`
const steps = await bundle('./bench.ts', 'js', 'print')
for (let round = 0; round < rounds; round += 1) {
  for (const [machine, printed] of [['hermes', runHermes(story)], ['v8', await runV8(story)]]) {
    const { failed, stories } = JSON.parse(printed)
    if (failed !== undefined) throw new Error(`${machine}: ${failed}`)
    for (const [storage, { figures: of }] of Object.entries(stories)) {
      for (const name of ['startup', 'burst', 'longest']) put(`${machine}_${storage}_${name}_ms`, of[name])
      for (const name of ['ours', 'alone', 'whole']) for (const [what, ms] of Object.entries(of[name])) put(`${machine}_${storage}_${name}_${what}_us`, ms * 1000)
    }
  }
  const { perEvent, perEnqueue } = JSON.parse(runHermes(steps)).figures
  put('hermes_event_us', perEvent)
  put('hermes_enqueue_us', perEnqueue)
}
for (const [name, values] of figures) console.log(`${name}\t${values.sort((a, b) => a - b)[values.length >> 1]}`)
