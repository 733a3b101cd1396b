// Who is signed in on this phone. It survives a restart without any network.
import { useSyncExternalStore } from 'react';
import { drawer } from '../platform/drawer';
import { server } from '../platform/server';
import { errorOf, type User } from '../tidewire/shared';

export interface Session {
  readonly token: string;
  readonly user: User;
}

const NAME = 'activities.session';

let current: Session | null | undefined;
const listeners = new Set<() => void>();

function load(): Session | null {
  try {
    const stored: unknown = JSON.parse(drawer.get(NAME) ?? 'null');
    return isSession(stored) ? stored : null;
  } catch {
    return null;
  }
}

export const session = {
  get: (): Session | null => (current === undefined ? (current = load()) : current),
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
  set(next: Session | null): void {
    current = next;
    drawer.set(NAME, next === null ? null : JSON.stringify(next));
    for (const listener of [...listeners]) listener();
  },
};

export function useSession(): Session | null {
  return useSyncExternalStore(session.subscribe, session.get);
}

/** Asks the server for a session. Rejects with a sentence that can be shown. */
export async function signIn(name: string): Promise<void> {
  let response: Response;
  try {
    response = await fetch(`${server}/api/login`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name }) });
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
