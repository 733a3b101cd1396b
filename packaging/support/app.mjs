// A small app over the packed packages: it signs in, shows the activities, and likes one. As a user would write it.

export const app = (entry) => `
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query'
import { createTidewire, defineMutation, defineRules, patch } from '${entry}'
import { TidewireProvider, useOfflineMutation, useRoom, useSocketConnection, useTidewire } from '@tidewire/react'

const like = defineMutation({
  name: 'activity.like',
  version: 1,
  request: (id) => ({ method: 'POST', path: \`/api/activities/\${id}/like\` }),
  optimistic: (id, cache) => cache.patch('activity', id, (it) => (it.liked ? it : { ...it, liked: true, likeCount: it.likeCount + 1 })),
})
const rules = defineRules({
  entities: { activity: { id: 'id', keys: [['activities']] } },
  rooms: { activities: () => [['activities']] },
  on: { 'activity:like_added': patch('activity', (it) => it.activityId, (it, { likeCount }) => ({ ...it, likeCount })) },
})

function Activities() {
  const tw = useTidewire()
  const { status } = useSocketConnection()
  useRoom('activities')
  const { data = [] } = useQuery({ queryKey: ['activities'], queryFn: async () => (await tw.fetch('/api/activities')).json() })
  const { mutate } = useOfflineMutation(like)
  return (
    <main>
      <p id="status">{status}</p>
      {data.map((it) => (
        <button key={it.id} className="like" onClick={() => mutate(it.id)}>{\`\${it.title} \${it.likeCount}\`}</button>
      ))}
    </main>
  )
}

const signIn = await fetch('/api/login', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"name":"ana"}' })
const { token, user } = await signIn.json()
const tw = createTidewire({ url: '', user: user.id, token: () => token, mutations: [like], rules })
createRoot(document.getElementById('root')).render(
  <StrictMode>
    <QueryClientProvider client={globalThis.cache = new QueryClient()}>
      <TidewireProvider client={tw} queryClient={globalThis.cache}>
        <Activities />
      </TidewireProvider>
    </QueryClientProvider>
  </StrictMode>,
)
`

export const html = '<!doctype html><html lang="en"><meta charset="utf-8"><title>An app</title><link rel="icon" href="data:,"><div id="root"></div><script type="module" src="/src/main.jsx"></script></html>\n'

/** What a server renders: the same hooks, inert. */
export const ssr = `
import { createElement as h } from 'react'
import { renderToString } from 'react-dom/server'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { createTidewire } from '@tidewire/client'
import { TidewireProvider, useOfflineQueueStatus, useRoom, useSocketConnection, useSocketEvent } from '@tidewire/react'

function Page() {
  const { status } = useSocketConnection()
  const { count } = useOfflineQueueStatus()
  useSocketEvent({ event: 'x', onEvent: () => undefined })
  return h('p', null, [useRoom('activities'), status, count].join(' '))
}
const queryClient = new QueryClient()
const client = createTidewire({ url: 'http://nowhere.invalid', user: 'ana', token: () => { throw new Error('a server asks for no token') } })
console.log(renderToString(h(QueryClientProvider, { client: queryClient }, h(TidewireProvider, { client, queryClient }, h(Page)))))
`
