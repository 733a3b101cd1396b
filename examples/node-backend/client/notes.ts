// The client of a Node backend. What is said here of the backend is what it does: `steps` names the recipes that it follows (server/app.mjs).
import { createTidewire, defineMutation, defineRules, insert, type Tidewire, type TidewireOptions } from '@tidewire/client';
import type { Note, ServerEvents } from './events.js';

export type Step = 'once' | 'history' | 'writeId';

/** The server names notes; until it has, a note has this write's id. */
export const addNote = defineMutation<{ text: string }>({
  name: 'note.add',
  version: 1,
  request: ({ text }) => ({ method: 'POST', path: '/api/notes', body: { text } }),
  optimistic: ({ text }, cache, { user, writeId }) => cache.insert<Item<Note>>(['notes'], { id: writeId, author: user, text }, { at: 'end' }),
  whenParked: 'keep',
  label: ({ text }) => `Note "${text}"`,
});

/** The same where the server takes a key once (step 1): sending it again is harmless then. */
export const addNoteOnce = defineMutation<{ text: string }>({ ...addNote, idempotent: true });

type Item<T> = T & Record<string, unknown>;

const rules = defineRules<ServerEvents>({
  entities: { note: { id: 'id', keys: [['notes']] } },
  rooms: { notes: () => [['notes']] },
  on: { 'note:added': insert(() => ['notes'], (note) => ({ ...note }), { at: 'end' }) },
});

export function notesClient(url: string, user: string, steps: readonly Step[], more: Partial<TidewireOptions<ServerEvents>> = {}): Tidewire<ServerEvents> {
  return createTidewire<ServerEvents>({
    url,
    user,
    token: () => user,
    // Not one of our servers: no header of ours is sent, and a POST whose answer is lost is not sent again ...
    backend: 'foreign',
    // ... unless it takes an `Idempotency-Key` ('' is the backend itself) and the mutation is `idempotent` with it.
    ...(steps.includes('once') ? { origins: { '': 'keyed' } } : {}),
    mutations: [steps.includes('once') ? addNoteOnce : addNote],
    rules,
    ...more,
  });
}
