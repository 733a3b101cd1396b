// Empties a full queue against a real server: Tidewire and @tanstack/offline-transactions, each over the same IndexedDB in memory, in a
// process of its own, from the start of the process that finds the queue to the last write that is settled. Prints `name<TAB>value`. Who is not done after three minutes is given
// up, and how many were sent by then is the figure.
//   node drain.mjs WHO COUNT ORIGIN [RECORDS]     WHO: tidewire | tanstack | fetch
import 'fake-indexeddb/auto'
import { readFileSync } from 'node:fs'

const [, , who, countText, origin, file] = process.argv
const count = Number(countText)
const LIMIT = 3 * 60 * 1000
/** What was sent and answered so far, when the first request left, and since when the time counts. */
const seen = { applied: 0, first: undefined, started: 0 }

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

/** The queue is there: from now on the time counts, and somebody must come to an end. */
function begin() {
  seen.started = performance.now()
  setTimeout(() => print(LIMIT), LIMIT)
}

function print(all) {
  const first = seen.first === undefined ? all : seen.first - seen.started
  process.stdout.write(`first_ms\t${first.toFixed(1)}\nall_ms\t${all.toFixed(1)}\napplied\t${seen.applied}\n`, () => process.exit(0))
}

async function tidewire() {
  const { browser, createTidewire, indexedDbStore } = await import('@tidewire/client')
  const port = indexedDbStore()
  const store = await port.open('bench|drain|ana')
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  await store.write(lines.map((line) => line.split('\t')).map(([key, hex]) => ({ key, value: new Uint8Array(Buffer.from(hex, 'hex')) })))

  begin()
  const tw = createTidewire({
    url: origin,
    app: 'bench',
    env: 'drain',
    user: 'ana',
    token: () => token,
    platform: { ...browser(), store: port },
    request: async (request) => {
      seen.first ??= performance.now()
      const headers = { ...request.headers, authorization: `Bearer ${token}` }
      const answer = await fetch(request.url, { method: request.method, body: request.body, headers })
      if (answer.ok) seen.applied += 1
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
}

async function tanstack() {
  const { createCollection, localOnlyCollectionOptions } = await import('@tanstack/db')
  const { IndexedDBAdapter, startOfflineExecutor } = await import('@tanstack/offline-transactions')
  const storage = new IndexedDBAdapter()
  const settled = deferred()
  const create = async ({ transaction, idempotencyKey }) => {
    seen.first ??= performance.now()
    const { title } = transaction.mutations[0].modified
    const answer = await post(title, { 'idempotency-key': `"${idempotencyKey}"` })
    if (!answer.ok) throw new Error(String(answer.status))
    await answer.text()
    seen.applied += 1
    if (seen.applied === count) settled.resolve()
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

  begin()
  await start(true)
  await settled.promise
  await until(async () => (await queued()) === 0)
}

/** The floor: the same requests one after another, with nothing around them. */
async function bare() {
  begin()
  seen.first = seen.started
  for (let n = 0; n < count; n += 1) {
    const answer = await post(`Number ${n}`, { 'idempotency-key': `"bare-${process.pid}-${n}"` })
    await answer.text()
    if (answer.ok) seen.applied += 1
  }
}

await { tidewire, tanstack, fetch: bare }[who]()
if (seen.applied !== count) throw new Error(`${seen.applied} of ${count} applied`)
print(performance.now() - seen.started)
