// The others who are online right now, above the list.
import { displayName } from 'activities-shared/domain/names.ts';
import { useOnline } from 'activities-shared/presence/Presence.tsx';
import { PersonAvatar } from '../theme/PersonAvatar.tsx';
import classes from './OnlineNow.module.css';

const FACES = 4;

export function OnlineNow() {
  const others = [...useOnline()].sort();
  if (others.length === 0) return null;
  const names = others.length > 2 ? `${displayName(others[0] ?? '')} and ${others.length - 1} others are online` : `${others.map(displayName).join(' and ')} ${others.length === 1 ? 'is' : 'are'} online`;
  return (
    <p className={classes['row']} role="status" data-testid="online-now">
      <span className={classes['faces']}>
        {others.slice(0, FACES).map((id) => (
          <PersonAvatar key={id} id={id} size={22} />
        ))}
      </span>
      <span className={classes['names']}>{names}</span>
    </p>
  );
}
