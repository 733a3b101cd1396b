// How fast the newest change went from one hand to the other screen; until there is one, what will be told here.
import { IconArrowRight, IconBolt } from '@tabler/icons-react';
import { displayName } from 'activities-shared/domain/names.ts';
import { other, type Entry } from './ledger.ts';
import { duration, wordFor } from './words.ts';
import classes from './Speed.module.css';

export function Speed({ entry }: { entry: Entry | undefined }) {
  return (
    <div className={classes['place']} role="status">
      {entry === undefined || entry.took === null ? (
        <div className={classes['chip']} data-empty>
          <IconBolt size={18} aria-hidden />
          <span className={classes['what']}>From hand to the other screen</span>
        </div>
      ) : (
        <Took key={entry.write} entry={entry} took={entry.took} />
      )}
    </div>
  );
}

function Took({ entry: { by, what }, took }: { entry: Entry; took: number }) {
  return (
    <div className={classes['chip']} data-testid="speed">
      <IconBolt size={18} aria-hidden />
      <span className={classes['what']}>
        {wordFor(what)}: {displayName(by)} <IconArrowRight size={15} role="img" aria-label="to" /> {displayName(other(by))}
      </span>
      <strong className={classes['took']}>{duration(took)}</strong>
    </div>
  );
}
