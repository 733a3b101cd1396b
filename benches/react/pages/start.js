// An app that finds 100 writes and 100 queries from before.
import { MutationObserver, onlineManager, QueryClient } from '@tanstack/react-query'
import { persistQueryClient } from '@tanstack/react-query-persist-client'
import { createSyncStoragePersister } from '@tanstack/query-sync-storage-persister'
import { createTidewire, defineMutation } from '@tidewire/client'
import { bindQueryClient } from '@tidewire/react'

const how = location.hash.slice(1)
const MANY = Array.from({ length: 100 }, (_, at) => at)
const client = new QueryClient({ defaultOptions: { queries: { gcTime: Infinity, staleTime: Infinity }, mutations: { gcTime: Infinity } } })
const text = 'y'.repeat(100)
const read = (get) => Promise.all(MANY.map((at) => client.fetchQuery({ queryKey: ['query', at], queryFn: async () => (await get(`/query/${at}`)).json() })))
const there = () => MANY.every((at) => client.getQueryData(['query', at]) !== undefined)

async function tidewire() {
  const write = defineMutation({ name: 'write', version: 1, lane: (n) => `lane ${n}`, request: (n) => ({ method: 'POST', path: '/write', body: { n, text } }) })
  const tw = createTidewire({ url: '', user: 'ana', backend: 'foreign', mutations: [write], rules: { entities: {} } })
  bindQueryClient(tw, client)
  const fill = async () => {
    tw.setProcessing(false)
    await read((path) => tw.fetch(path))
    await Promise.all(MANY.map((n) => tw.submit(write, n).durable))
    // Bases are gathered for a moment before they are stored.
    await new Promise((resolve) => setTimeout(resolve, 1_000))
  }
  tw.setProcessing(false)
  tw.start()
  await tw.ready
  return { fill, found: () => there() && tw.outbox.get().pending === MANY.length }
}

async function query() {
  onlineManager.setOnline(false)
  client.setMutationDefaults(['write'], { mutationFn: () => undefined })
  const [, restored] = persistQueryClient({ queryClient: client, persister: createSyncStoragePersister({ storage: localStorage }) })
  await restored
  const fill = async () => {
    onlineManager.setOnline(true)
    await read((path) => fetch(path))
    onlineManager.setOnline(false)
    for (const n of MANY) void new MutationObserver(client, { mutationKey: ['write'] }).mutate({ n, text })
    await new Promise((resolve) => setTimeout(resolve, 2_500))
  }
  return { fill, found: () => there() && client.getMutationCache().getAll().length === MANY.length }
}

const begun = performance.now()
const { fill, found } = await (how === 'tidewire' ? tidewire() : query())
globalThis.bench = { fill, found: found(), ms: performance.now() - begun }
