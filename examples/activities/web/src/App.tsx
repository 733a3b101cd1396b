// The app: signed out or signed in. A phone of the demo is the same app, below an address of its own, and signs its person in by itself.
import { MantineProvider } from '@mantine/core';
import { Router } from 'wouter';
import { useSession } from 'activities-shared/session/session.ts';
import { SignedIn, WhenReady } from 'activities-shared/session/SignedIn.tsx';
import { device, sessions } from './device.ts';
import { Probe } from './phone/Probe.tsx';
import { PhoneSignIn } from './phone/PhoneSignIn.tsx';
import { onStage, place } from './session/place.ts';
import { SignIn } from './session/SignIn.tsx';
import { Shell } from './shell/Shell.tsx';
import { Splash } from './shell/Splash.tsx';
import { resolver, theme } from './theme/theme.ts';

export default function App() {
  const { session, ended } = useSession(sessions);
  return (
    <MantineProvider theme={theme} cssVariablesResolver={resolver} defaultColorScheme="auto">
      {session === null ? (
        place.kind === 'phone' ? <PhoneSignIn person={place.person} /> : <SignIn ended={ended} />
      ) : (
        <Router base={place.kind === 'phone' ? place.base : ''}>
          <SignedIn key={session.token} device={device} session={session} onEnded={sessions.end}>
            {onStage && <Probe />}
            <WhenReady user={session.user} fallback={<Splash />}>
              <Shell user={session.user} />
            </WhenReady>
          </SignedIn>
        </Router>
      )}
    </MantineProvider>
  );
}
