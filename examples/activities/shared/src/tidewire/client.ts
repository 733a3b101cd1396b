// Makes Tidewire and its query cache for one session. Inert until the provider mounts.
import { onlineManager, QueryClient } from '@tanstack/react-query';
import { createTidewire, volatile, type Tidewire } from '@tidewire/client';
import type { Device } from '../device.ts';
import type { Session } from '../session/session.ts';
import { ApiError } from './api.ts';
import type { Events } from './events.ts';
import { mutations } from './mutations.ts';
import { rules } from './rules.ts';

declare module '@tidewire/react' {
  interface Register {
    events: Events;
  }
}

export interface Scope {
  readonly tw: Tidewire<Events>;
  readonly queryClient: QueryClient;
}

export function createScope({ server, platform, client = {} }: Device, session: Session): Scope {
  // Queries wait while the network is known to be down.
  onlineManager.setEventListener((setOnline) => {
    setOnline(platform.network.current() !== 'Offline');
    return platform.network.watch((word) => setOnline(word !== 'Offline'));
  });

  const tw = createTidewire<Events>({
    ...client,
    url: server,
    app: 'activities',
    user: session.user.id,
    token: () => session.token,
    platform,
    mutations,
    rules,
    // Who types now is worth nothing later.
    emits: { 'typing:start': volatile({ key: 'typing' }), 'typing:stop': volatile({ key: 'typing' }) },
    // Notes carry no payloads and no tokens.
    log: ({ level, note, error }) => {
      if (level !== 'debug') console[level](`tidewire: ${note}`, error ?? '');
    },
  });

  const queryClient = new QueryClient({
    defaultOptions: {
      queries: {
        // Events keep what was fetched fresh, and Tidewire says when something must be fetched again.
        staleTime: Infinity,
        gcTime: Infinity,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        retry: (failures, error) => failures < 2 && !(error instanceof ApiError && error.status < 500),
      },
    },
  });
  return { tw, queryClient };
}
