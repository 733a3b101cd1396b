// The app: signed out or signed in, and which screen is shown.
import type { User } from 'activities-shared/domain/types.ts';
import { useSession } from 'activities-shared/session/session.ts';
import { SignedIn, WhenReady } from 'activities-shared/session/SignedIn.tsx';
import { useEffect, useState } from 'react';
import { BackHandler, KeyboardAvoidingView, Platform, SafeAreaView, StyleSheet } from 'react-native';
import { device, sessions } from './device';
import { Header } from './parts/Header';
import { Refusal } from './parts/Refusal';
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
      <Refusal />
      {place.kind === 'list' && <List onOpen={(id) => setPlace({ kind: 'activity', id })} />}
      {place.kind === 'outbox' && <Outbox onBack={home} />}
      {place.kind === 'activity' && <Detail key={place.id} id={place.id} user={user} onBack={home} />}
    </KeyboardAvoidingView>
  );
}

const styles = StyleSheet.create({ app: { flex: 1, minHeight: 0 } });
