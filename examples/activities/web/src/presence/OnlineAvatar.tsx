// A person's disc, with a green dot while they are online.
import { VisuallyHidden } from '@mantine/core';
import { displayName } from 'activities-shared/domain/names.ts';
import { useOnline } from 'activities-shared/presence/Presence.tsx';
import { PersonAvatar } from '../theme/PersonAvatar.tsx';
import classes from './OnlineAvatar.module.css';

export function OnlineAvatar({ id, size }: { id: string; size: number }) {
  const here = useOnline().has(id);
  return (
    <span className={classes['place']} data-online={here || undefined} data-testid={`avatar-${id}`}>
      <PersonAvatar id={id} size={size} />
      {here && <VisuallyHidden>{displayName(id)} is online</VisuallyHidden>}
    </span>
  );
}
