// The packed packages in a React Native app: bundled by Metro with React Native's own Babel preset, executed on a Hermes VM, compiled by the present Hermes. No phone is here.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import vm from 'node:vm'
import { compileHermes, runHermes } from '../../packages/client/test/trace/machines.mjs'
import { metro } from '../support/metro.mjs'
import { consumer } from '../support/packed.mjs'

const run = readFileSync(new URL('../support/react-native/run.js', import.meta.url), 'utf8')

let bundle
before(async () => {
  const place = consumer(19, { 'run.js': run }, ['@babel/runtime', 'metro-runtime'])
  const { code, modules } = await metro(place, 'run.js')
  bundle = { code, modules: modules.map((path) => path.slice(join(place, 'node_modules/').length)) }
})

test('Metro takes the plain JavaScript engine once, CommonJS, and no WebAssembly', () => {
  const ours = bundle.modules.filter((path) => path.startsWith('@tidewire/'))
  assert.deepEqual(ours.sort(), ['@tidewire/client/dist/cjs/js.js', '@tidewire/react-native/dist/cjs/index.js'])
})

const storyOf = (printed) => {
  const result = JSON.parse(printed)
  assert.equal(result.failed, undefined, result.stack)
  assert.deepEqual(result.log, [])
  return result
}

/** With nothing but the language, and a timer. */
const runV8 = (code) => new Promise((print) => vm.runInContext(code, vm.createContext({ print, setTimeout })))

test('P2 Q1 Q4 Y5 on Hermes it queues, persists, survives a kill, sends once, connects, hears, and works a burst off in slices; V8 says the same', async (t) => {
  const hermes = storyOf(runHermes(bundle.code))
  for (const [storage, { said, figures }] of Object.entries(hermes.stories)) {
    assert.deepEqual(said, [
      'in this tick: 1 pending, 0 stored, 0 sent',
      'durable: 1 stored',
      'after the kill: {"processed":1,"failed":0,"skipped":0,"pending":0,"ended":"empty"}, the same key true, body {"id":"m1","text":"Grüße aus dem Tunnel 🌊"}',
      'connected: {"status":"connected","sid":"s","tidewire":true}',
      'heard: [[17,"Bouldern am Mittwoch, danach Suppe — ★🌊","activities"]]',
      'burst: 1000 events',
    ], storage)
    // No time is asserted, but that others had their turns while the burst was worked off.
    assert.ok(figures.slices >= 3, `${figures.slices} slices`)
    t.diagnostic(`${storage}: ${JSON.stringify(figures)}`)
  }
  const said = ({ stories }) => Object.values(stories).map((story) => story.said)
  assert.deepEqual(said(storyOf(await runV8(bundle.code))), said(hermes))
})

test('the compiler of the present Hermes takes the bundle', () => compileHermes(bundle.code, 'V1'))
