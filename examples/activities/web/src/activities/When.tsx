// When an activity was started, or, while something about it waits on this device, a clock in the same place: nothing moves.
import type { WriteSnapshot } from '@tidewire/client';
import { IconAlertTriangle, IconClock } from '@tabler/icons-react';
import type { Activity } from 'activities-shared/domain/types.ts';
import { ago } from 'activities-shared/time/words.ts';
import classes from './When.module.css';

export function When({ activity, creation, waiting, now, testId }: {
  activity: Activity;
  creation: WriteSnapshot | undefined;
  /** So many changes to it wait to be sent. */
  waiting: number;
  now: number;
  testId: string;
}) {
  if (creation?.state === 'parked') {
    return (
      <span className={classes['failed']}>
        <IconAlertTriangle size={15} aria-hidden /> not sent
      </span>
    );
  }
  if (waiting > 0) {
    return (
      <span className={classes['waiting']} data-testid={testId}>
        <IconClock size={15} aria-hidden /> {waiting > 1 ? `${waiting} waiting` : 'waiting'}
      </span>
    );
  }
  return <time dateTime={new Date(activity.createdAt).toISOString()}>{ago(activity.createdAt, now)}</time>;
}
