// A list of rows that a burst of events changes; how it hears of them is said by the hash of the address.
import { createRoot } from 'react-dom/client'
import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query'
import { createTidewire, defineRules, patch } from '@tidewire/client'
import { TidewireProvider, useRoom } from '@tidewire/react'
import { io } from 'socket.io-client'

const how = location.hash.slice(1)
const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } })
/** `renders`: of the list. */
const bench = { renders: 0, ready: false }
globalThis.bench = bench

const tw = createTidewire({
  url: '',
  user: 'ana',
  backend: 'foreign',
  rules: defineRules({
    entities: { row: { id: 'id', keys: [['rows']] } },
    rooms: { rows: () => [['rows']] },
    on: how === 'tidewire' ? { 'row:changed': patch('row', ({ id }) => id, (row, { value }) => ({ ...row, value })) } : { 'row:changed': { kind: 'invalidate', queryKeys: () => [['rows']] } },
  }),
})
const read = how.startsWith('tidewire') ? async () => (await tw.fetch('/rows')).json() : async () => (await fetch('/rows')).json()

function Rows() {
  bench.renders += 1
  const { data = [] } = useQuery({ queryKey: ['rows'], queryFn: read })
  return <ul>{data.map(({ id, value }) => <li key={id} id={`row-${id}`}>{value}</li>)}</ul>
}
function Ours() {
  bench.ready = useRoom('rows') === 'joined'
  return <Rows />
}

let tree
if (how.startsWith('tidewire')) {
  tree = <TidewireProvider client={tw} queryClient={client}><Ours /></TidewireProvider>
} else {
  const socket = io({ transports: ['websocket'] })
  socket.on('connect', async () => (bench.ready = (await socket.emitWithAck('room:join', { roomId: 'rows' })).success))
  socket.on('row:changed', ({ id, value }) => {
    if (how === 'invalidate') void client.invalidateQueries({ queryKey: ['rows'] })
    else client.setQueryData(['rows'], (rows) => rows.map((row) => (row.id === id ? { ...row, value } : row)))
  })
  tree = <Rows />
}
createRoot(document.getElementById('root')).render(<QueryClientProvider client={client}>{tree}</QueryClientProvider>)
bench.fetching = () => client.isFetching()
