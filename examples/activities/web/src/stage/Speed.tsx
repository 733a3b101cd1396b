// How fast the newest change went from one hand to the other screen.
import { IconArrowRight, IconBolt } from '@tabler/icons-react';
import { displayName } from '../domain/names.ts';
import { other, type Entry } from './ledger.ts';
import { duration, wordFor } from './words.ts';
import classes from './Speed.module.css';

export function Speed({ entry }: { entry: Entry | undefined }) {
  if (entry === undefined || entry.took === null) return null;
  const { by, what, took, write } = entry;
  return (
    <div className={classes['place']} role="status">
      <div key={write} className={classes['chip']} data-testid="speed">
        <IconBolt size={18} aria-hidden />
        <span className={classes['what']}>
          {wordFor(what)}: {displayName(by)} <IconArrowRight size={15} role="img" aria-label="to" /> {displayName(other(by))}
        </span>
        <strong className={classes['took']}>{duration(took)}</strong>
      </div>
    </div>
  );
}
