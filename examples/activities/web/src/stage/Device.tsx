// One phone: the app in a frame, how its network stands, and what one can do to it.
import { ActionIcon, Button } from '@mantine/core';
import { IconBuildingTunnel, IconExternalLink, IconPower, IconSun } from '@tabler/icons-react';
import { useState } from 'react';
import { displayName } from 'activities-shared/domain/names.ts';
import { phoneAddress } from '../session/place.ts';
import { Mark } from '../shell/Mark.tsx';
import type { Person, PhoneState } from './ledger.ts';
import { duration } from './words.ts';
import classes from './Device.module.css';

/** Where both phones begin: a thing that both take part in. */
const FIRST = '/activities/sunrise-run';

export function Device({ person, state, hidden, frame, onTunnel, onKill }: {
  person: Person;
  state: PhoneState;
  hidden: boolean;
  frame: (element: HTMLIFrameElement | null) => void;
  onTunnel: (dark: boolean) => void;
  onKill: () => void;
}) {
  const { dark, connection, pending, backAfter } = state;
  const name = displayName(person);
  return (
    <section className={classes['bay']} aria-label={`${name}’s phone`} data-person={person} data-dark={dark || undefined} data-testid={`phone-${person}`} hidden={hidden}>
      <div className={classes['device']}>
        <div className={classes['bar']}>
          <span className={classes['name']}>{name}’s phone</span>
          <span className={classes['signal']} data-connection={dark ? 'dark' : connection} role="status" data-testid={`signal-${person}`}>{signal(state)}</span>
          {backAfter !== null && (
            <Back key={backAfter} person={person} text={`Back in ${duration(backAfter)}${pending > 0 ? `, ${pending} kept` : ''}`} />
          )}
        </div>
        <div className={classes['screen']}>
          <iframe ref={frame} className={classes['frame']} title={`${name}’s phone, the app`} src={phoneAddress(person, FIRST)} data-testid={`frame-${person}`} />
          {connection === 'off' && (
            <div className={classes['boot']}>
              <Mark size={56} />
            </div>
          )}
        </div>
      </div>
      <div className={classes['tools']}>
        <Button
          variant={dark ? 'filled' : 'default'}
          radius="xl"
          leftSection={dark ? <IconSun size={18} /> : <IconBuildingTunnel size={18} />}
          onClick={() => onTunnel(!dark)}
          data-testid={`tunnel-${person}`}
        >
          {dark ? 'Leave tunnel' : 'Enter tunnel'}
        </Button>
        <Button variant="default" radius="xl" leftSection={<IconPower size={18} />} onClick={onKill} data-testid={`kill-${person}`}>
          Kill app
        </Button>
        <ActionIcon
          component="a"
          href={phoneAddress(person)}
          target="_blank"
          rel="noopener"
          variant="subtle"
          color="gray"
          size={36}
          radius="xl"
          aria-label={`Open ${name}’s phone in a window of its own`}
          title="In a window of its own"
        >
          <IconExternalLink size={18} />
        </ActionIcon>
      </div>
    </section>
  );
}

/** Said for a while, and once: not again when the phone was out of sight meanwhile. */
function Back({ person, text }: { person: Person; text: string }) {
  const [over, setOver] = useState(false);
  return (
    <span className={classes['back']} role="status" data-over={over || undefined} onAnimationEnd={() => setOver(true)} data-testid={`back-${person}`}>
      {text}
    </span>
  );
}

function signal({ connection, dark }: PhoneState): string {
  if (connection === 'off') return 'Opening';
  if (dark) return 'In the tunnel';
  return connection === 'online' ? 'Online' : connection === 'offline' ? 'Offline' : 'Reconnecting';
}
