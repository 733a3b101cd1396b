// A hundred counters and no network: from a tap to the picture.
import { useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { onlineManager, QueryClient, QueryClientProvider, useMutation, useQuery } from '@tanstack/react-query'
import { createCollection, localOnlyCollectionOptions } from '@tanstack/db'
import { startOfflineExecutor } from '@tanstack/offline-transactions'
import { createTidewire, defineMutation } from '@tidewire/client'
import { TidewireProvider, useOfflineMutation } from '@tidewire/react'

const how = location.hash.slice(1)
const COUNTERS = Array.from({ length: 100 }, (_, at) => ({ id: String(at), count: 1 }))
const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } })
onlineManager.setOnline(false)

/** One number each: until the text has changed, and until a picture with it was made. */
const bench = { changed: [], painted: [], ready: false }
globalThis.bench = bench
function taken(event, work) {
  const { timeStamp, currentTarget } = event
  const watcher = new MutationObserver(() => {
    watcher.disconnect()
    bench.changed.push(performance.now() - timeStamp)
    requestAnimationFrame(() => {
      const channel = new MessageChannel()
      channel.port1.onmessage = () => bench.painted.push(performance.now() - timeStamp)
      channel.port2.postMessage(0)
    })
  })
  watcher.observe(currentTarget, { characterData: true, childList: true, subtree: true })
  work()
}
const Counter = ({ id, count, like }) => <button id={`like-${id}`} onClick={(event) => taken(event, () => like(id))}>{count}</button>
const Counters = ({ list, like }) => list.map((it) => <Counter key={it.id} {...it} like={like} />)
const useCounters = () => useQuery({ queryKey: ['counters'], queryFn: async () => COUNTERS, initialData: COUNTERS }).data
const plusOne = (id) => (it) => (it.id === id ? { ...it, count: it.count + 1 } : it)

const like = defineMutation({
  name: 'like',
  version: 1,
  request: (id) => ({ method: 'POST', path: `/like/${id}` }),
  optimistic: (id, cache) => cache.patch('counter', id, (it) => ({ ...it, count: it.count + 1 })),
})
const tw = createTidewire({ url: '', user: 'ana', backend: 'foreign', mutations: [like], rules: { entities: { counter: { id: 'id', keys: [['counters']] } } } })
function Ours() {
  return <Counters list={useCounters()} like={useOfflineMutation(like).mutate} />
}

function Theirs() {
  const { mutate } = useMutation({
    mutationFn: (id) => fetch(`/like/${id}`, { method: 'POST' }),
    onMutate: async (id) => {
      await client.cancelQueries({ queryKey: ['counters'] })
      client.setQueryData(['counters'], (list) => list.map(plusOne(id)))
    },
  })
  return <Counters list={useCounters()} like={mutate} />
}

const counters = createCollection(localOnlyCollectionOptions({ id: 'counters', getKey: ({ id }) => id, initialData: COUNTERS }))
let executor
function Transactions() {
  const [list, setList] = useState(() => counters.toArray)
  useEffect(() => {
    const { unsubscribe } = counters.subscribeChanges(() => setList(counters.toArray))
    return unsubscribe
  }, [])
  const tap = (id) => executor.createOfflineTransaction({ mutationFnName: 'like' }).mutate(() => counters.update(id, (draft) => void (draft.count += 1)))
  return <Counters list={list} like={tap} />
}

if (how === 'tidewire') {
  tw.start()
  await tw.ready
} else if (how === 'transactions') {
  counters.startSyncImmediate()
  executor = startOfflineExecutor({ collections: { counters }, mutationFns: { like: ({ transaction }) => fetch(`/like/${transaction.mutations[0].key}`, { method: 'POST' }) } })
  await executor.waitForInit()
}
const tree = how === 'tidewire' ? <TidewireProvider client={tw} queryClient={client} connect={false}><Ours /></TidewireProvider> : how === 'query' ? <Theirs /> : <Transactions />
createRoot(document.getElementById('root')).render(<QueryClientProvider client={client}>{tree}</QueryClientProvider>)
bench.ready = true
