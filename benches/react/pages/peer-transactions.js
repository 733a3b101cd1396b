// The same through @tanstack/offline-transactions over TanStack DB, by its README: everything as it is by default.
import { createCollection, localOnlyCollectionOptions } from '@tanstack/db'
import { IndexedDBAdapter, startOfflineExecutor } from '@tanstack/offline-transactions'
import { queryCollectionOptions } from '@tanstack/query-db-collection'
import { QueryClient } from '@tanstack/react-query'
import { post } from './post.js'

const client = new QueryClient()
const writes = createCollection(localOnlyCollectionOptions({ id: 'writes', getKey: ({ n }) => n }))
const counts = createCollection(
  queryCollectionOptions({ id: 'counts', queryClient: client, queryKey: ['count'], queryFn: async () => [await (await fetch('/count')).json()], getKey: ({ id }) => id }),
)
const storage = new IndexedDBAdapter()
let executor
let made = 0
const write = (n) => {
  made += 1
  executor.createOfflineTransaction({ mutationFnName: 'write' }).mutate(() => writes.insert({ n }))
}

globalThis.peer = {
  async start() {
    writes.startSyncImmediate()
    executor = startOfflineExecutor({
      collections: { writes, counts },
      storage,
      mutationFns: {
        write: ({ transaction, idempotencyKey }) => post('/write', { n: transaction.mutations[0].modified.n }, idempotencyKey),
        like: async ({ idempotencyKey }) => {
          await post('/like', { like: true }, idempotencyKey)
          await counts.utils.refetch()
        },
      },
    })
    await executor.waitForInit()
  },
  write,
  writeElsewhere: write,
  async stored() {
    const enough = performance.now() + 1_500
    while ((await storage.keys()).length < made && performance.now() < enough) await new Promise((resolve) => setTimeout(resolve, 20))
  },
  show() {
    const shown = []
    const look = () => {
      const count = counts.get('1')?.count
      if (count !== undefined && count !== shown.at(-1)) shown.push(count)
    }
    counts.subscribeChanges(look, { includeInitialState: true })
    return shown
  },
  like() {
    executor.createOfflineTransaction({ mutationFnName: 'like' }).mutate(() => counts.update('1', (draft) => void (draft.count += 1)))
  },
  refetch: () => counts.utils.refetch(),
}
