// The app: signed out or signed in. A session has a Tidewire client of its own, so that nothing of one person's reaches another.
// A phone of the demo is the same app, below an address of its own, and signs its person in by itself.
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { TidewireProvider, useSocketConnection } from '@tidewire/react';
import { Suspense, use, useEffect, useState } from 'react';
import { Router } from 'wouter';
import { Probe } from './phone/Probe.tsx';
import { PhoneSignIn } from './phone/PhoneSignIn.tsx';
import { onStage, place } from './session/place.ts';
import { SignIn } from './session/SignIn.tsx';
import { session, useSession, type Session } from './session/session.ts';
import { Shell } from './shell/Shell.tsx';
import { Splash } from './shell/Splash.tsx';
import { resolver, theme } from './theme/theme.ts';
import { createScope } from './tidewire/client.ts';

export default function App() {
  const current = useSession();
  const [ended, setEnded] = useState(false);

  const onEnded = () => {
    setEnded(true);
    session.set(null);
  };
  return (
    <MantineProvider theme={theme} cssVariablesResolver={resolver} defaultColorScheme="auto">
      {current === null ? (
        place.kind === 'phone' ? <PhoneSignIn person={place.person} /> : <SignIn ended={ended} onSignedIn={() => setEnded(false)} />
      ) : (
        <Router base={place.kind === 'phone' ? place.base : ''}>
          <SignedIn key={current.token} current={current} onEnded={onEnded} />
        </Router>
      )}
    </MantineProvider>
  );
}

function SignedIn({ current, onEnded }: { current: Session; onEnded: () => void }) {
  const [{ tw, queryClient }] = useState(() => createScope(current));
  return (
    <QueryClientProvider client={queryClient}>
      <TidewireProvider client={tw} queryClient={queryClient}>
        <SessionEnd onEnded={onEnded} />
        {onStage && <Probe />}
        <Suspense fallback={<Splash />}>
          <WhenReady ready={tw.ready}>
            <Shell user={current.user} />
          </WhenReady>
        </Suspense>
      </TidewireProvider>
    </QueryClientProvider>
  );
}

/** Data is drawn from the first frame on: what this device has is loaded before. */
function WhenReady({ ready, children }: { ready: Promise<void>; children: React.ReactNode }) {
  use(ready);
  return children;
}

/** The server does not know this session any more: back to the sign-in. What waits stays in the store of its user. */
function SessionEnd({ onEnded }: { onEnded: () => void }) {
  const { code } = useSocketConnection();
  const ended = code === 'AUTH';
  useEffect(() => {
    if (ended) onEnded();
  }, [ended, onEnded]);
  return null;
}
