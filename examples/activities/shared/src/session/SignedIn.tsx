// What a signed-in app stands in, without anything to see. A session has a Tidewire client of its own, so that nothing of one person's reaches another.
import { QueryClientProvider, useQueryClient } from '@tanstack/react-query';
import { TidewireProvider, useRoom, useSocketConnection, useTidewire } from '@tidewire/react';
import { Suspense, use, useEffect, useState, type ReactNode } from 'react';
import { DeviceProvider, type Device } from '../device.ts';
import type { User } from '../domain/types.ts';
import { PresenceProvider } from '../presence/Presence.tsx';
import { createScope } from '../tidewire/client.ts';
import { ACTIVITIES_ROOM } from '../tidewire/keys.ts';
import type { Session } from './session.ts';

/** `session`: give its token as the `key`, too. `onEnded`: the server does not know it any more; what waits stays in the store of its user. */
export function SignedIn({ device, session, onEnded, children }: { device: Device; session: Session; onEnded: () => void; children: ReactNode }) {
  const [{ tw, queryClient }] = useState(() => createScope(device, session));
  return (
    <DeviceProvider value={device}>
      <QueryClientProvider client={queryClient}>
        <TidewireProvider client={tw} queryClient={queryClient}>
          <SessionEnd onEnded={onEnded} />
          {children}
        </TidewireProvider>
      </QueryClientProvider>
    </DeviceProvider>
  );
}

function SessionEnd({ onEnded }: { onEnded: () => void }) {
  const ended = useSocketConnection().code === 'AUTH';
  useEffect(() => {
    if (ended) onEnded();
  }, [ended, onEnded]);
  return null;
}

/** Data is drawn from the first frame on: what this device has is loaded before, and `fallback` is shown for that moment. */
export function WhenReady({ user, fallback, children }: { user: User; fallback: ReactNode; children: ReactNode }) {
  return (
    <Suspense fallback={fallback}>
      <Live user={user}>{children}</Live>
    </Suspense>
  );
}

function Live({ user, children }: { user: User; children: ReactNode }) {
  use(useTidewire().ready);
  useRoom(ACTIVITIES_ROOM);
  useFailedQueriesOnceConnected();
  return <PresenceProvider userId={user.id}>{children}</PresenceProvider>;
}

/** A query that failed for want of a network is tried again when there is one. */
function useFailedQueriesOnceConnected(): void {
  const client = useQueryClient();
  const { isConnected } = useSocketConnection();
  useEffect(() => {
    if (isConnected) void client.refetchQueries({ type: 'active', predicate: (query) => query.state.status === 'error' });
  }, [client, isConnected]);
}
