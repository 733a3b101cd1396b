// What a sign-in screen does, without the screen. The demo's server asks for no password.
import { useState } from 'react';
import type { Sessions } from './session.ts';

/** Those to pick from, beside a name of one's own. */
export const PEOPLE = [
  { name: 'ana', about: 'Started most of this' },
  { name: 'ben', about: 'Comes along to everything' },
] as const;

export interface SignIn {
  /** Who is being signed in. */
  readonly busy: string | null;
  /** Why it did not work, as a sentence. */
  readonly error: string | null;
  readonly enter: (name: string) => void;
}

/** A typed name as the server takes it, or null. */
export function nameIn(typed: string): string | null {
  const name = typed.trim().toLowerCase();
  return /^[a-z]{2,20}$/.test(name) ? name : null;
}

export function useSignIn(sessions: Sessions): SignIn {
  const [busy, setBusy] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  const enter = (name: string): void => {
    setBusy(name);
    setError(null);
    sessions.signIn(name).catch((cause: unknown) => {
      setError(cause instanceof Error ? cause.message : 'Signing in did not work.');
      setBusy(null);
    });
  };
  return { busy, error, enter };
}
