// The newest writes of both phones, and where each of them is: a clock while it waits, a tick at the server, two on the other phone.
import { Text } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconChecks, IconClock, IconTrash, IconUpload } from '@tabler/icons-react';
import { displayName } from 'activities-shared/domain/names.ts';
import { PersonAvatar } from '../theme/PersonAvatar.tsx';
import { other, type Entry } from './ledger.ts';
import { standing, wordFor } from './words.ts';
import classes from './Writes.module.css';

const SHOWN = 12;

export function Writes({ entries }: { entries: readonly Entry[] }) {
  if (entries.length === 0) {
    return <Text className={classes['none']}>Each write of the two phones appears here, with how far it has come.</Text>;
  }
  return (
    <ul className={classes['writes']} aria-label="Writes, newest first">
      {entries.slice(-SHOWN).reverse().map((entry) => (
        <Write key={entry.write} entry={entry} />
      ))}
    </ul>
  );
}

function Write({ entry }: { entry: Entry }) {
  const { by, what, stand, seen } = entry;
  const receiver = displayName(other(by));
  return (
    <li className={classes['write']} data-testid="write" data-by={by} data-what={what} data-stand={stand} data-seen={seen}>
      <PersonAvatar id={by} size={28} />
      <span className={classes['what']}>{wordFor(what)}</span>
      <span key={`${stand} ${seen > 0}`} className={classes['stand']}>
        {standing(entry, receiver)}
        <Sign entry={entry} />
      </span>
    </li>
  );
}

function Sign({ entry: { stand, seen } }: { entry: Entry }) {
  switch (stand) {
    case 'waiting':
      return <IconClock size={16} aria-hidden />;
    case 'sending':
      return <IconUpload size={16} aria-hidden />;
    case 'refused':
      return <IconAlertTriangle size={16} aria-hidden />;
    case 'discarded':
      return <IconTrash size={16} aria-hidden />;
    case 'applied':
    case 'replayed':
      return seen > 0 ? <IconChecks size={17} aria-hidden /> : <IconCheck size={16} aria-hidden />;
  }
}
