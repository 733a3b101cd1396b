// A component that uses everything, or only a query, mounted and unmounted again and again.
import { createRoot } from 'react-dom/client'
import { flushSync } from 'react-dom'
import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query'
import { createTidewire, defineMutation } from '@tidewire/client'
import { TidewireProvider, useOfflineMutation, useOfflineQueueStatus, useOutbox, useRoom, useSocketConnection, useSocketEvent } from '@tidewire/react'

const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } })
client.setQueryData(['rows'], [])
const like = defineMutation({ name: 'like', version: 1, request: () => ({ method: 'POST', path: '/like' }) })
const tw = createTidewire({ url: '', user: 'ana', backend: 'foreign', mutations: [like], rules: { rooms: { 'row_:id': () => [['rows']] } } })

function Plain() {
  return useQuery({ queryKey: ['rows'], queryFn: () => [] }).data?.length
}
function Everything({ at }) {
  useRoom(`row_${at % 50}`)
  useSocketEvent({ event: 'row:changed', onEvent: () => undefined })
  const { isPending } = useOfflineMutation(like)
  const { count } = useOfflineQueueStatus()
  const { pending } = useOutbox()
  return `${useSocketConnection().status} ${isPending} ${count} ${pending.length} ${Plain()}`
}
const root = createRoot(document.getElementById('root'))
const show = (what) =>
  flushSync(() => root.render(<QueryClientProvider client={client}><TidewireProvider client={tw} queryClient={client}>{what}</TidewireProvider></QueryClientProvider>))
show(null)

async function heap() {
  for (let turn = 0; turn < 5; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    gc()
  }
  return performance.memory.usedJSHeapSize
}

/** Bytes before and after so many cycles, and milliseconds for one. */
globalThis.bench = async (what, cycles) => {
  const cycle = (at) => {
    show(what === 'everything' ? <Everything key={at} at={at} /> : <Plain key={at} />)
    show(null)
  }
  const some = async (count) => {
    for (let at = 0; at < count; at += 1) {
      cycle(at)
      if (at % 500 === 499) await new Promise((resolve) => setTimeout(resolve))
    }
  }
  await some(2_000)
  const before = await heap()
  const start = performance.now()
  await some(cycles)
  const each = (performance.now() - start) / cycles
  return { before, after: await heap(), each }
}
