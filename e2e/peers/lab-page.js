// The page of the tests that need the built packages bare, without the app around them: against the Activities server (same origin) or a foreign one.
import { browser, createTidewire, defineMutation, indexedDbStore, longPolling, reliable, volatile } from '@tidewire/client'
import { syncInBackground } from '@tidewire/client/background-sync'
import { deviceKey, encryptedStore } from '@tidewire/client/encryption'
import { msgpack } from '@tidewire/client/msgpack'

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

const like = defineMutation({ name: 'like', version: 1, lane: (id) => `like ${id}`, cancels: 'unlike', request: (id) => ({ method: 'POST', path: `/api/activities/${id}/like` }) })
const unlike = defineMutation({ name: 'unlike', version: 1, lane: (id) => `like ${id}`, cancels: 'like', request: (id) => ({ method: 'DELETE', path: `/api/activities/${id}/like` }) })
const cheer = defineMutation({ name: 'cheer', version: 1, request: ({ id }) => ({ method: 'POST', path: `/api/activities/${id}/cheers`, body: {} }) })
/** The server names it: the id that it has here is a temporary one, and is not sent. */
const create = defineMutation({
  name: 'create',
  version: 1,
  request: ({ title }) => ({ method: 'POST', path: '/api/activities', body: { title } }),
  tempIds: ({ temp }) => [temp],
  realId: ({ data }) => data.id,
})
const say = defineMutation({ name: 'say', version: 1, request: ({ activity, id, text }) => ({ method: 'POST', path: `/api/activities/${activity}/messages`, body: { id, text } }) })

async function login(name) {
  const answer = await fetch('/api/login', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name }) })
  return (await answer.json()).token
}

/** A client of the Activities server that serves this page. `sealed`: its store is encrypted with this browser's key. */
function open(name, { sealed = false } = {}) {
  const platform = sealed ? { ...browser(), store: encryptedStore(indexedDbStore(), () => deviceKey()) } : browser()
  const sent = []
  const tw = createTidewire({
    url: '',
    user: name,
    token: () => login(name),
    platform,
    mutations: [like, unlike, cheer, create, say],
    fetch: (url, init) => (sent.push(`${init?.method ?? 'GET'} ${url}`), fetch(url, init)),
  })
  return { tw, sent }
}

/** Connects after the network was away. An attempt that began before may end this one: the wish stays, and the next one comes by itself (A5). */
const goOn = (tw) => void tw.connect().catch(() => undefined)

/** All values of the client's database, as they stand there. */
async function stored() {
  const database = await new Promise((resolve, reject) => {
    const request = indexedDB.open('tidewire')
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  const records = database.transaction('records').objectStore('records')
  const values = await new Promise((resolve) => (records.getAll().onsuccess = ({ target }) => resolve(target.result)))
  database.close()
  return values.map((value) => (value instanceof Uint8Array ? new TextDecoder('latin1').decode(value) : String(value)))
}

globalThis.lab = { browser, cheer, create, createTidewire, goOn, like, longPolling, msgpack, open, reliable, say, stored, syncInBackground, unlike, until, volatile }
