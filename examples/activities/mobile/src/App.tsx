// The app: signed out or signed in, and which screen is shown.
import { useOfflineQueueStatus, useTidewire } from '@tidewire/react';
import { displayName } from 'activities-shared/domain/names.ts';
import type { User } from 'activities-shared/domain/types.ts';
import { useSession } from 'activities-shared/session/session.ts';
import { SignedIn, WhenReady } from 'activities-shared/session/SignedIn.tsx';
import { useEffect, useState } from 'react';
import { BackHandler, KeyboardAvoidingView, Platform, SafeAreaView, StyleSheet, View } from 'react-native';
import { device, sessions } from './device';
import { Banner } from './parts/Banner';
import { Button, Person, Words } from './parts/parts';
import { Detail } from './screens/Detail';
import { List } from './screens/List';
import { Outbox } from './screens/Outbox';
import { SignIn } from './screens/SignIn';
import { usePalette } from './theme';

export function App() {
  const palette = usePalette();
  const { session, ended } = useSession(sessions);
  return (
    <SafeAreaView style={[styles.app, { backgroundColor: palette.canvas }]}>
      {session === null ? (
        <SignIn ended={ended} />
      ) : (
        <SignedIn key={session.token} device={device} session={session} onEnded={sessions.end}>
          <WhenReady user={session.user} fallback={null}>
            <Shell user={session.user} />
          </WhenReady>
        </SignedIn>
      )}
    </SafeAreaView>
  );
}

type Place = { readonly kind: 'list' } | { readonly kind: 'outbox' } | { readonly kind: 'activity'; readonly id: string };
const HOME: Place = { kind: 'list' };

function Shell({ user }: { user: User }) {
  const [place, setPlace] = useState<Place>(HOME);
  const home = (): void => setPlace(HOME);
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
    sessions.signOut();
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

const styles = StyleSheet.create({
  app: { flex: 1, minHeight: 0 },
  header: { flexDirection: 'row', alignItems: 'center', justifyContent: 'space-between', minHeight: 58, paddingHorizontal: 16, borderBottomWidth: 1 },
  tools: { flexDirection: 'row', alignItems: 'center', gap: 6 },
  badge: { gap: 5 },
  account: { paddingHorizontal: 0, marginRight: -5 },
});
