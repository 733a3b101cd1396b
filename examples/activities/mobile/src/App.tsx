// The app: signed out or signed in. A session has a Tidewire client of its own, so that nothing of one person's reaches another.
import { QueryClientProvider, useQueryClient } from '@tanstack/react-query';
import { TidewireProvider, useOfflineQueueStatus, useRoom, useSocketConnection, useTidewire } from '@tidewire/react';
import { Suspense, use, useEffect, useState, type ReactNode } from 'react';
import { BackHandler, KeyboardAvoidingView, Platform, SafeAreaView, StyleSheet, View } from 'react-native';
import { Banner } from './parts/Banner';
import { Button, Person, Words } from './parts/parts';
import { Detail } from './screens/Detail';
import { List } from './screens/List';
import { Outbox } from './screens/Outbox';
import { SignIn } from './screens/SignIn';
import { session, useSession, type Session } from './session/session';
import { usePalette } from './theme';
import { createScope } from './tidewire/client';
import { ACTIVITIES_ROOM, displayName, PresenceProvider, type User } from './tidewire/shared';

export function App() {
  const palette = usePalette();
  const current = useSession();
  const [ended, setEnded] = useState(false);
  return (
    <SafeAreaView style={[styles.app, { backgroundColor: palette.canvas }]}>
      {current === null ? (
        <SignIn ended={ended} onSignedIn={() => setEnded(false)} />
      ) : (
        <SignedIn
          key={current.token}
          current={current}
          onEnded={() => {
            setEnded(true);
            session.set(null);
          }}
        />
      )}
    </SafeAreaView>
  );
}

function SignedIn({ current, onEnded }: { current: Session; onEnded: () => void }) {
  const [{ tw, queryClient }] = useState(() => createScope(current));
  return (
    <QueryClientProvider client={queryClient}>
      <TidewireProvider client={tw} queryClient={queryClient}>
        <Suspense fallback={null}>
          <WhenReady ready={tw.ready}>
            <PresenceProvider userId={current.user.id}>
              <Shell user={current.user} onEnded={onEnded} />
            </PresenceProvider>
          </WhenReady>
        </Suspense>
      </TidewireProvider>
    </QueryClientProvider>
  );
}

/** Data is drawn from the first frame on: what this phone has is loaded before. */
function WhenReady({ ready, children }: { ready: Promise<void>; children: ReactNode }) {
  use(ready);
  return children;
}

type Place = { readonly kind: 'list' } | { readonly kind: 'outbox' } | { readonly kind: 'activity'; readonly id: string };
const HOME: Place = { kind: 'list' };

function Shell({ user, onEnded }: { user: User; onEnded: () => void }) {
  const [place, setPlace] = useState<Place>(HOME);
  const home = (): void => setPlace(HOME);
  useRoom(ACTIVITIES_ROOM);
  useFailedQueriesOnceConnected();
  // The server does not know this session any more. What waits stays in the store of its user.
  const ended = useSocketConnection().code === 'AUTH';
  useEffect(() => {
    if (ended) onEnded();
  }, [ended, onEnded]);
  // Android's way back.
  useEffect(() => {
    if (place.kind === 'list' || Platform.OS === 'web') return;
    const subscription = BackHandler.addEventListener('hardwareBackPress', () => {
      setPlace(HOME);
      return true;
    });
    return () => subscription.remove();
  }, [place]);

  return (
    <KeyboardAvoidingView style={styles.app} behavior={Platform.OS === 'ios' ? 'padding' : undefined}>
      <Header user={user} onOutbox={() => setPlace({ kind: 'outbox' })} />
      <Banner />
      {place.kind === 'list' && <List onOpen={(id) => setPlace({ kind: 'activity', id })} />}
      {place.kind === 'outbox' && <Outbox onBack={home} />}
      {place.kind === 'activity' && <Detail key={place.id} id={place.id} user={user} onBack={home} />}
    </KeyboardAvoidingView>
  );
}

function Header({ user, onOutbox }: { user: User; onOutbox: () => void }) {
  const palette = usePalette();
  const tw = useTidewire();
  const { count, parked } = useOfflineQueueStatus();
  const [leaving, setLeaving] = useState(false);
  const leave = async (): Promise<void> => {
    // What was not sent waits on this phone until this person is back.
    await tw.logout({ unsent: 'keep' });
    session.set(null);
  };
  return (
    <View style={[styles.header, { backgroundColor: palette.surface, borderColor: palette.line }]}>
      <Words heading bold size={19}>Activities</Words>
      <View style={styles.tools}>
        {count + parked > 0 && (
          <Button small look={parked > 0 ? 'heart' : 'light'} onPress={onOutbox} label={`${count} waiting, ${parked} not sent`} testID="outbox" style={styles.badge}>
            {count > 0 && <Words tone="tide" size={14} bold testID="pending-badge">{String(count)}</Words>}
            <Words tone={parked > 0 ? 'alarm' : 'tide'} size={14} bold>{parked > 0 ? `${parked} not sent` : 'waiting'}</Words>
          </Button>
        )}
        {leaving ? (
          <>
            <Button small look="plain" onPress={() => setLeaving(false)}>Stay</Button>
            <Button small look="filled" onPress={() => void leave()} testID="sign-out">Sign out</Button>
          </>
        ) : (
          <Button look="plain" label={`Account of ${displayName(user.id)}`} onPress={() => setLeaving(true)} testID="account" style={styles.account}>
            <Person id={user.id} size={34} />
          </Button>
        )}
      </View>
    </View>
  );
}

/** A query that failed for want of a network is tried again when there is one. */
function useFailedQueriesOnceConnected(): void {
  const client = useQueryClient();
  const { isConnected } = useSocketConnection();
  useEffect(() => {
    if (isConnected) void client.refetchQueries({ type: 'active', predicate: (query) => query.state.status === 'error' });
  }, [client, isConnected]);
}

const styles = StyleSheet.create({
  app: { flex: 1, minHeight: 0 },
  header: { flexDirection: 'row', alignItems: 'center', justifyContent: 'space-between', minHeight: 58, paddingHorizontal: 16, borderBottomWidth: 1 },
  tools: { flexDirection: 'row', alignItems: 'center', gap: 6 },
  badge: { gap: 5 },
  account: { paddingHorizontal: 0, marginRight: -5 },
});
