// A phone of the demo signs its person in by itself: at once, or as soon as the server is there.
import { Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { displayName } from 'activities-shared/domain/names.ts';
import { sessions } from '../device.ts';
import { Splash } from '../shell/Splash.tsx';
import classes from './PhoneSignIn.module.css';

const AGAIN_MS = 1_500;

export function PhoneSignIn({ person }: { person: string }) {
  const [failures, setFailures] = useState(0);
  useEffect(() => {
    let over = false;
    const attempt = (): void => {
      sessions.signIn(person).catch(() => {
        if (!over) setFailures((count) => count + 1);
      });
    };
    const timer = setTimeout(attempt, failures === 0 ? 0 : AGAIN_MS);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [person, failures]);

  return (
    <main className={classes['place']}>
      <Splash />
      {failures > 0 && (
        <Text className={classes['text']} role="status">
          {displayName(person)}’s phone has never been online. It opens as soon as the server can be reached.
        </Text>
      )}
    </main>
  );
}
