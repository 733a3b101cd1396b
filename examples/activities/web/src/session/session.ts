// Who is signed in. The session belongs to the tab (or to the phone, in the demo), so that two people fit in one browser, and it
// survives a reload without any network.
import { useSyncExternalStore } from 'react';
import type { User } from '../domain/types.ts';
import type { Login } from '../generated/server.ts';
import { errorOf } from '../tidewire/api.ts';
import { drawer, drawerKey } from './place.ts';

export interface Session {
  readonly token: string;
  readonly user: User;
}

const KEY = drawerKey('session');

function load(): Session | null {
  try {
    const stored: unknown = JSON.parse(drawer.getItem(KEY) ?? 'null');
    return isSession(stored) ? stored : null;
  } catch {
    return null;
  }
}

let current = load();
const listeners = new Set<() => void>();

export const session = {
  get: (): Session | null => current,
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  set(next: Session | null): void {
    current = next;
    if (next === null) drawer.removeItem(KEY);
    else drawer.setItem(KEY, JSON.stringify(next));
    for (const listener of listeners) listener();
  },
};

export function useSession(): Session | null {
  return useSyncExternalStore(session.subscribe, session.get);
}

/** Asks the server for a session. Rejects with a sentence that can be shown. */
export async function signIn(name: string): Promise<void> {
  let response: Response;
  try {
    response = await fetch('/api/login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name } satisfies Login),
    });
  } catch {
    throw new Error('The server can’t be reached. Signing in needs a connection; everything after it does not.');
  }
  if (!response.ok) throw await errorOf(response);
  const answer: unknown = await response.json().catch(() => null);
  if (!isSession(answer)) throw new Error('The server’s answer was not understood.');
  session.set(answer);
}

function isSession(value: unknown): value is Session {
  if (typeof value !== 'object' || value === null || !('token' in value) || !('user' in value)) return false;
  const { token, user } = value;
  return typeof token === 'string' && typeof user === 'object' && user !== null && 'id' in user && typeof user.id === 'string' && 'name' in user && typeof user.name === 'string';
}
