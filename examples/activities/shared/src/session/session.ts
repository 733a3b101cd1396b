// Who is signed in on this device. It survives a restart without any network.
import { useSyncExternalStore } from 'react';
import type { Device } from '../device.ts';
import type { User } from '../domain/types.ts';
import type { Login } from '../generated/server.ts';
import { errorOf } from '../tidewire/api.ts';

export interface Session {
  readonly token: string;
  readonly user: User;
}

interface State {
  readonly session: Session | null;
  /** The last one was ended by the server, and not by its person. */
  readonly ended: boolean;
}

export interface Sessions {
  /** Asks the server for a session. Rejects with a sentence that can be shown. */
  signIn(name: string): Promise<void>;
  signOut(): void;
  /** The server does not know this session any more. */
  end(): void;
  state(): State;
  subscribe(listener: () => void): () => void;
}

const NAME = 'session';

/** Nothing is read before it is asked for. */
export function sessionsOn({ server, drawer }: Pick<Device, 'server' | 'drawer'>): Sessions {
  let current: State | undefined;
  const listeners = new Set<() => void>();
  const set = (next: State): void => {
    current = next;
    drawer.set(NAME, next.session === null ? null : JSON.stringify(next.session));
    for (const listener of [...listeners]) listener();
  };
  const load = (): Session | null => {
    try {
      const stored: unknown = JSON.parse(drawer.get(NAME) ?? 'null');
      return isSession(stored) ? stored : null;
    } catch {
      return null;
    }
  };
  return {
    async signIn(name) {
      set({ session: await logIn(server, name), ended: false });
    },
    signOut: () => set({ session: null, ended: false }),
    end: () => set({ session: null, ended: true }),
    state: () => (current ??= { session: load(), ended: false }),
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

export function useSession(sessions: Sessions): State {
  return useSyncExternalStore(sessions.subscribe, sessions.state);
}

async function logIn(server: string, name: string): Promise<Session> {
  let response: Response;
  try {
    response = await fetch(`${server}/api/login`, {
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
  return answer;
}

function isSession(value: unknown): value is Session {
  if (typeof value !== 'object' || value === null || !('token' in value) || !('user' in value)) return false;
  const { token, user } = value;
  return typeof token === 'string' && typeof user === 'object' && user !== null && 'id' in user && typeof user.id === 'string' && 'name' in user && typeof user.name === 'string';
}
