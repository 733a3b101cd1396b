// The page of 9-foreign-browser: our built packages, and what is needed to wait for them. The test in Node tells it what to do.
import { QueryClient, QueryObserver } from '@tanstack/react-query'
import { createTidewire } from '@tidewire/client'
import { bindQueryClient } from '@tidewire/react'

/** Resolves with the first value for which `wanted` holds, the present one included. */
const until = (observable, wanted) =>
  new Promise((resolve) => {
    let stop = () => {}
    const look = () => {
      const value = observable.get()
      if (!wanted(value)) return
      stop()
      resolve(value)
    }
    stop = observable.subscribe(look)
    look()
  })

/** A client of the foreign app at `url`, with all that it has heard and every state that its connection had. */
function open(url, { token = 'good', emitTimeout, rules } = {}) {
  const log = []
  const tokens = []
  const tw = createTidewire({
    url,
    user: 'ana',
    backend: 'foreign',
    token: ({ fresh }) => (tokens.push({ fresh }), token),
    ...(emitTimeout === undefined ? {} : { emitTimeout }),
    ...(rules === undefined ? {} : { rules }),
    log: (note) => log.push(note.note),
  })
  const states = [tw.connection.get()]
  tw.connection.subscribe(() => states.push(tw.connection.get()))
  const heard = []
  let wake = () => {}
  for (const name of ['hello', 'said']) {
    tw.on(name, (payload, { args, replayed, own, room }) => {
      heard.push({ name, payload, args, replayed, own, room: room ?? null })
      wake()
    })
  }
  const hear = async (count) => {
    while (heard.length < count) await new Promise((resolve) => (wake = resolve))
    return heard
  }
  return { tw, log, states, tokens, heard, hear }
}

globalThis.lab = { open, until, QueryClient, QueryObserver, bindQueryClient }
