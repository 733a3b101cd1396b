// Empties a full queue against a real server: Tidewire and @tanstack/offline-transactions, each over the same IndexedDB in memory, in a
// process of its own, from the start of the process that finds the queue to the last write that is settled. Prints `name<TAB>value`.
//   node drain.mjs WHO COUNT ORIGIN [RECORDS]     WHO: tidewire | tanstack | fetch
import 'fake-indexeddb/auto'
import { readFileSync } from 'node:fs'

const [, , who, countText, origin, file] = process.argv
const count = Number(countText)

async function login() {
  const body = JSON.stringify({ name: 'ana' })
  const answer = await fetch(`${origin}/api/login`, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
  return (await answer.json()).token
}

const token = await login()

/** What each request looks like, whoever sends it. */
function post(title, headers) {
  return fetch(`${origin}/api/activities`, {
    method: 'POST',
    body: JSON.stringify({ title }),
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
  })
}

/** Asks the store now and then whether it is so. */
async function until(so) {
  while (!(await so())) await new Promise((resolve) => setTimeout(resolve, 20))
}

function deferred() {
  let resolve = () => {}
  const promise = new Promise((done) => (resolve = done))
  return { promise, resolve }
}

/** Milliseconds until the first request and until all is settled, and what was asked of the server. */
async function tidewire() {
  const { browser, createTidewire, indexedDbStore } = await import('@tidewire/client')
  const port = indexedDbStore()
  const store = await port.open('bench|drain|ana')
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  await store.write(lines.map((line) => line.split('\t')).map(([key, hex]) => ({ key, value: new Uint8Array(Buffer.from(hex, 'hex')) })))

  const started = performance.now()
  let first
  let applied = 0
  const tw = createTidewire({
    url: origin,
    app: 'bench',
    env: 'drain',
    user: 'ana',
    token: () => token,
    platform: { ...browser(), store: port },
    request: async (request) => {
      first ??= performance.now()
      const headers = { ...request.headers, authorization: `Bearer ${token}` }
      const answer = await fetch(request.url, { method: request.method, body: request.body, headers })
      if (answer.ok) applied += 1
      return answer
    },
  })
  tw.start()
  await tw.ready
  const done = deferred()
  const look = () => tw.outbox.get().ready && tw.outbox.get().pending === 0 && done.resolve()
  tw.outbox.subscribe(look)
  look()
  await done.promise
  await until(async () => (await store.scan()).every(({ key }) => !key.startsWith('w/')))
  return { first: first - started, all: performance.now() - started, applied }
}

async function tanstack() {
  const { createCollection, localOnlyCollectionOptions } = await import('@tanstack/db')
  const { IndexedDBAdapter, startOfflineExecutor } = await import('@tanstack/offline-transactions')
  const storage = new IndexedDBAdapter()
  let first
  let applied = 0
  const settled = deferred()
  const create = async ({ transaction, idempotencyKey }) => {
    first ??= performance.now()
    const { title } = transaction.mutations[0].modified
    const answer = await post(title, { 'idempotency-key': `"${idempotencyKey}"` })
    if (!answer.ok) throw new Error(String(answer.status))
    await answer.text()
    applied += 1
    if (applied === count) settled.resolve()
  }
  /** Node has neither Web Locks nor a window: there is one process, and it leads. */
  const leaderElection = { requestLeadership: async () => true, releaseLeadership: () => {}, isLeader: () => true, onLeadershipChange: () => () => {} }
  const start = async (online) => {
    const activities = createCollection(localOnlyCollectionOptions({ id: 'activities', getKey: (activity) => activity.id }))
    activities.startSyncImmediate()
    const onlineDetector = { subscribe: () => () => {}, notifyOnline: () => {}, isOnline: () => online, dispose: () => {} }
    const executor = startOfflineExecutor({ collections: { activities }, mutationFns: { create }, storage, leaderElection, onlineDetector })
    await executor.waitForInit()
    return { executor, activities }
  }
  const before = await start(false)
  for (let n = 0; n < count; n += 1) {
    const transaction = before.executor.createOfflineTransaction({ mutationFnName: 'create' })
    transaction.mutate(() => before.activities.insert({ id: String(n), title: `Number ${n}` }))
  }
  const queued = async () => (await storage.keys()).length
  await until(async () => (await queued()) === count)
  before.executor.dispose()

  const started = performance.now()
  await start(true)
  await settled.promise
  await until(async () => (await queued()) === 0)
  return { first: first - started, all: performance.now() - started, applied }
}

/** The floor: the same requests one after another, with nothing around them. */
async function bare() {
  const started = performance.now()
  let applied = 0
  for (let n = 0; n < count; n += 1) {
    const answer = await post(`Number ${n}`, { 'idempotency-key': `"bare-${process.pid}-${n}"` })
    await answer.text()
    if (answer.ok) applied += 1
  }
  return { first: 0, all: performance.now() - started, applied }
}

const { first, all, applied } = await { tidewire, tanstack, fetch: bare }[who]()
if (applied !== count) throw new Error(`${applied} of ${count} applied`)
console.log(`first_ms\t${first.toFixed(1)}\nall_ms\t${all.toFixed(1)}`)
process.exit(0)
