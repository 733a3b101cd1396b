// The page of 10-store-browser: the client's store conformance suite over the built IndexedDB adapter, in a real browser.
// `vitest` is ./cases.mjs here; the test in Node runs the cases one by one, and does the rest itself with `Store`.
import { browser, createTidewire, indexedDbStore } from '@tidewire/client'
import { describeStore } from '../../packages/client/test/store-conformance.ts'
import { cases } from './cases.mjs'

let databases = 0
describeStore('IndexedDB', () => indexedDbStore({ name: `case ${(databases += 1)}` }))

const kindOf = (promise) => promise.then(() => 'stored', ({ kind }) => kind)

/** A store port that counts the bytes of what is put through it, and the steps. */
function counted(inner) {
  const counts = { bytes: 0, steps: 0 }
  const size = (value) => (value === null ? 0 : typeof value === 'string' ? new TextEncoder().encode(value).length : value.byteLength)
  const port = {
    async open(partition) {
      const store = await inner.open(partition)
      return {
        durability: store.durability,
        scan: () => store.scan(),
        lead: () => store.lead(),
        close: () => store.close(),
        write(steps, fence) {
          counts.steps += steps.length
          for (const { value } of steps) counts.bytes += size(value)
          return store.write(steps, fence)
        },
      }
    },
  }
  return { port, counts }
}

const until = (observable, wanted) =>
  new Promise((resolve) => {
    const look = () => {
      if (!wanted(observable.get())) return false
      stop()
      resolve()
      return true
    }
    let stop = () => {}
    if (!look()) stop = observable.subscribe(look)
  })

globalThis.lab = { browser, cases, counted, createTidewire, indexedDbStore, kindOf, until }
