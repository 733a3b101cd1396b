// The same through TanStack Query's paused mutations and a persister, by its guide for offline mutations.
import { MutationObserver, onlineManager, QueryClient, QueryObserver } from '@tanstack/react-query'
import { persistQueryClient } from '@tanstack/react-query-persist-client'
import { createSyncStoragePersister } from '@tanstack/query-sync-storage-persister'
import { post } from './post.js'

const client = new QueryClient({ defaultOptions: { queries: { gcTime: Infinity }, mutations: { gcTime: Infinity } } })
client.setMutationDefaults(['write'], { mutationFn: (n) => post('/write', { n }) })
client.setMutationDefaults(['like'], {
  mutationFn: () => post('/like', { like: true }),
  onMutate: async () => {
    await client.cancelQueries({ queryKey: ['count'] })
    const before = client.getQueryData(['count'])
    client.setQueryData(['count'], (old) => ({ ...old, count: old.count + 1 }))
    return { before }
  },
  onError: (_error, _nothing, context) => client.setQueryData(['count'], context.before),
  onSettled: () => client.invalidateQueries({ queryKey: ['count'] }),
})
const mutate = (key, variables) => void new MutationObserver(client, { mutationKey: [key] }).mutate(variables).catch(() => {})

globalThis.peer = {
  async start() {
    onlineManager.setOnline(navigator.onLine)
    client.mount()
    const [, restored] = persistQueryClient({ queryClient: client, persister: createSyncStoragePersister({ storage: localStorage }) })
    await restored
    void client.resumePausedMutations()
  },
  write: (n) => mutate('write', n),
  writeElsewhere: (n) => mutate('write', n),
  // The persister writes at most once a second.
  stored: () => new Promise((resolve) => setTimeout(resolve, 1_500)),
  show() {
    const shown = []
    const observer = new QueryObserver(client, { queryKey: ['count'], queryFn: async () => (await fetch('/count')).json() })
    observer.subscribe(({ data }) => data && data.count !== shown.at(-1) && shown.push(data.count))
    return shown
  },
  like: () => mutate('like', null),
  refetch: () => client.refetchQueries({ queryKey: ['count'] }),
}
