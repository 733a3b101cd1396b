// Makes Tidewire and its query cache for one session. The difference to the web app is the platform; mutations and rules are the same.
import NetInfo from '@react-native-community/netinfo';
import { onlineManager, QueryClient } from '@tanstack/react-query';
import { createTidewire, volatile, type Tidewire } from '@tidewire/client';
import { reactNative } from '@tidewire/react-native';
import { AppState } from 'react-native';
import { getRandomValues } from '../platform/random';
import { server } from '../platform/server';
import { storage } from '../platform/storage';
import type { Session } from '../session/session';
import { ApiError, mutations, rules, type Events } from './shared';

export interface Scope {
  readonly tw: Tidewire<Events>;
  readonly queryClient: QueryClient;
}

export function createScope(session: Session): Scope {
  const platform = reactNative({ appState: AppState, netInfo: NetInfo, storage, getRandomValues });
  // Queries wait while the network is known to be down.
  onlineManager.setEventListener((setOnline) => platform.network.watch((word) => setOnline(word !== 'Offline')));

  const tw = createTidewire<Events>({
    url: server,
    app: 'activities',
    user: session.user.id,
    token: () => session.token,
    platform,
    mutations,
    rules,
    // Who types now is worth nothing later.
    emits: { 'typing:start': volatile({ key: 'typing' }), 'typing:stop': volatile({ key: 'typing' }) },
    log: ({ level, note, error }) => {
      if (level !== 'debug') console[level](`tidewire: ${note}`, error ?? '');
    },
  });
  const queryClient = new QueryClient({
    defaultOptions: {
      queries: {
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
