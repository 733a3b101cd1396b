// A title that the server did not take, where its person looks for it.
import type { WriteSnapshot } from '@tidewire/client';
import { IconAlertTriangle } from '@tabler/icons-react';
import { reason } from 'activities-shared/outbox/words.ts';
import { wordsOf } from 'activities-shared/tidewire/repairs.ts';
import { ParkedActions } from '../shell/ParkedActions.tsx';
import classes from './RefusedTitle.module.css';

export function RefusedTitle({ write, current }: { write: WriteSnapshot; current: string }) {
  return (
    <div className={classes['refused']} role="alert" data-testid="refused-title">
      <IconAlertTriangle size={18} aria-hidden />
      <div className={classes['text']}>
        <p className={classes['what']}>Your title “{wordsOf(write) ?? ''}” was not taken</p>
        <p className={classes['why']}>{reason(write, current)}</p>
        <ParkedActions write={write} name="title" />
      </div>
    </div>
  );
}
