// Keeps who is online for the screens below. Without a connection nobody knows, so nobody is shown as online.
import { useSocketConnection, useSocketEvent } from '@tidewire/react';
import { createContext, use, useMemo, useReducer, type ReactNode } from 'react';
import type { Events } from '../tidewire/events.ts';
import { NOBODY, online } from './presence.ts';

const Context = createContext<ReadonlySet<string>>(NOBODY.people);

export function PresenceProvider({ userId, children }: { userId: string; children: ReactNode }) {
  const [{ people }, tell] = useReducer(online, NOBODY);
  const { isConnected } = useSocketConnection();
  useSocketEvent<Events, 'user:snapshot'>({ event: 'user:snapshot', onEvent: (said) => tell({ kind: 'snapshot', said }) });
  useSocketEvent<Events, 'user:online'>({ event: 'user:online', onEvent: (said) => tell({ kind: 'online', said }) });
  useSocketEvent<Events, 'user:offline'>({ event: 'user:offline', onEvent: (said) => tell({ kind: 'offline', said }) });
  const others = useMemo(() => new Set([...people].filter((id) => id !== userId)), [people, userId]);
  return <Context value={isConnected ? others : NOBODY.people}>{children}</Context>;
}

/** Ids of the others who are online, as far as this device knows. */
export const useOnline = (): ReadonlySet<string> => use(Context);
