// The service worker of 18-background-sync: signs in by itself, and sends what waits.
import { createTidewire, defineMutation } from '@tidewire/client'
import { answerSync } from '@tidewire/client/background-sync'

const cheer = defineMutation({ name: 'cheer', version: 1, request: ({ id }) => ({ method: 'POST', path: `/api/activities/${id}/cheers`, body: {} }) })

async function login() {
  const answer = await fetch('/api/login', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'ana' }) })
  return (await answer.json()).token
}

addEventListener('install', () => skipWaiting())
addEventListener('activate', (event) => event.waitUntil(clients.claim()))
answerSync(self, () => createTidewire({ url: '', user: 'ana', token: login, mutations: [cheer] }))
