// The writes of the comparison through Tidewire.
import { QueryClient, QueryObserver } from '@tanstack/react-query'
import { createTidewire, defineMutation } from '@tidewire/client'
import { bindQueryClient } from '@tidewire/react'

// `idempotent`: this backend takes a key once, as the peers' does.
const write = defineMutation({ name: 'write', version: 1, lane: 'writes', idempotent: true, request: (n) => ({ method: 'POST', path: '/write', body: { n } }) })
const other = defineMutation({ name: 'other', version: 1, lane: 'others', idempotent: true, request: (n) => ({ method: 'POST', path: '/write', body: { n } }) })
const like = defineMutation({
  name: 'like',
  version: 1,
  request: () => ({ method: 'POST', path: '/like', body: { like: true } }),
  optimistic: (_nothing, cache) => cache.patch('counter', '1', (it) => ({ ...it, count: it.count + 1 })),
})

const tw = createTidewire({
  url: '',
  user: 'ana',
  backend: 'foreign',
  origins: { '': 'keyed' },
  mutations: [write, other, like],
  rules: { entities: { counter: { id: 'id', keys: [['count']] } } },
})
const client = new QueryClient()
bindQueryClient(tw, client)
const durable = []

globalThis.peer = {
  async start() {
    tw.start()
    await tw.ready
  },
  write: (n) => void durable.push(tw.submit(write, n).durable),
  writeElsewhere: (n) => void durable.push(tw.submit(other, n).durable),
  stored: () => Promise.all(durable),
  show() {
    const shown = []
    const observer = new QueryObserver(client, { queryKey: ['count'], queryFn: async () => (await tw.fetch('/count')).json() })
    observer.subscribe(({ data }) => data && data.count !== shown.at(-1) && shown.push(data.count))
    return shown
  },
  like: () => void tw.submit(like, null),
  refetch: () => client.refetchQueries({ queryKey: ['count'] }),
}
