// Sign-in: two people to pick from, or a name of one's own. The demo's server asks for no password.
import { Alert, Button, Loader, Text, TextInput, Title, UnstyledButton } from '@mantine/core';
import { IconAlertTriangle, IconArrowRight, IconChevronRight } from '@tabler/icons-react';
import { useState, type FormEvent } from 'react';
import { displayName } from 'activities-shared/domain/names.ts';
import { PEOPLE, useSignIn } from 'activities-shared/session/useSignIn.ts';
import { Mark } from '../shell/Mark.tsx';
import { PersonAvatar } from '../theme/PersonAvatar.tsx';
import { sessions } from '../device.ts';
import classes from './SignIn.module.css';

export function SignIn({ ended }: { ended: boolean }) {
  const [name, setName] = useState('');
  const { busy, error, enter } = useSignIn(sessions);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const who = name.trim().toLowerCase();
    if (who !== '') enter(who);
  };

  return (
    <main className={classes['page']}>
      <div className={classes['card']}>
        <Mark size={52} />
        <Title order={1} className={classes['title']}>Activities</Title>
        <Text className={classes['lead']}>Plan things together. It keeps working where the network doesn’t.</Text>

        {ended && !error && <Alert color="tide" variant="light" mb="md">Your session has ended. Changes that were not sent are kept until you are back.</Alert>}

        <Text component="h2" className={classes['label']}>Continue as</Text>
        <div className={classes['people']}>
          {PEOPLE.map((person) => (
            <UnstyledButton
              key={person.name}
              className={classes['person']}
              data-testid={`login-${person.name}`}
              disabled={busy !== null}
              aria-busy={busy === person.name}
              onClick={() => enter(person.name)}
            >
              <PersonAvatar id={person.name} size={44} />
              <span className={classes['who']}>
                <span className={classes['name']}>{displayName(person.name)}</span>
                <span className={classes['about']}>{person.about}</span>
              </span>
              {busy === person.name ? <Loader size={18} aria-label="Signing in" /> : <IconChevronRight size={18} className={classes['chevron']} aria-hidden />}
            </UnstyledButton>
          ))}
        </div>

        <form className={classes['other']} onSubmit={submit}>
          <TextInput
            label="Or with another name"
            placeholder="Your name"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            maxLength={20}
            pattern="[A-Za-z]{2,20}"
            title="2 to 20 letters from a to z"
            autoComplete="nickname"
            autoCapitalize="off"
            size="md"
            data-testid="login-name"
            className={classes['input'] ?? ''}
            classNames={{ label: classes['label'] ?? '' }}
          />
          <Button type="submit" size="md" px="md" disabled={name.trim() === '' || busy !== null} data-testid="login-submit" aria-label="Sign in with this name">
            <IconArrowRight size={20} />
          </Button>
        </form>
        <div className={classes['foot']}>
          {error === null ? (
            <Text className={classes['hint']}>A login belongs to a browser tab: open two tabs to be two people.</Text>
          ) : (
            <Alert color="red" variant="light" radius="lg" role="alert" icon={<IconAlertTriangle size={18} />} classNames={{ root: classes['failed'] ?? '' }}>{error}</Alert>
          )}
        </div>
      </div>
    </main>
  );
}
