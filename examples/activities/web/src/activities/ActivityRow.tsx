// One activity in the list: the whole row leads to it, the heart likes it.
import type { WriteSnapshot } from '@tidewire/client';
import { IconAlertTriangle, IconClock, IconUsers } from '@tabler/icons-react';
import { Link } from 'wouter';
import { displayName } from '../domain/names.ts';
import { ago } from '../domain/time.ts';
import type { Activity } from '../domain/types.ts';
import { OnlineAvatar } from '../presence/OnlineAvatar.tsx';
import { LikeButton } from './LikeButton.tsx';
import classes from './ActivityRow.module.css';

export function ActivityRow({ activity, picked, creation, waiting, now }: {
  activity: Activity;
  picked: boolean;
  creation: WriteSnapshot | undefined;
  /** So many changes to it wait to be sent. */
  waiting: number;
  now: number;
}) {
  return (
    <li className={classes['row']} data-picked={picked || undefined} data-testid={`activity-${activity.id}`}>
      <OnlineAvatar id={activity.createdBy} size={40} />
      <div className={classes['text']}>
        <Link href={`/activities/${encodeURIComponent(activity.id)}`} className={classes['title'] ?? ''} aria-current={picked ? 'page' : undefined}>
          {activity.title}
        </Link>
        <p className={classes['meta']}>
          <span>{displayName(activity.createdBy)}</span>
          <When activity={activity} creation={creation} waiting={waiting} now={now} />
          <span className={classes['people']} data-joined={activity.joined || undefined} aria-label={peopleLabel(activity)}>
            <IconUsers size={15} aria-hidden />
            {activity.participantCount}
          </span>
        </p>
      </div>
      <LikeButton activity={activity} testId={`like-${activity.id}`} countTestId={`like-count-${activity.id}`} />
    </li>
  );
}

function When({ activity, creation, waiting, now }: { activity: Activity; creation: WriteSnapshot | undefined; waiting: number; now: number }) {
  if (creation === undefined && waiting === 0) return <time dateTime={new Date(activity.createdAt).toISOString()}>{ago(activity.createdAt, now)}</time>;
  if (creation?.state === 'parked') {
    return (
      <span className={classes['failed']}>
        <IconAlertTriangle size={15} aria-hidden /> not sent
      </span>
    );
  }
  return (
    <span className={classes['waiting']} data-testid={`waiting-${activity.id}`}>
      <IconClock size={15} aria-hidden /> {waiting > 1 ? `${waiting} waiting` : 'waiting'}
    </span>
  );
}

function peopleLabel({ participantCount, joined }: Activity): string {
  return `${participantCount} going${joined ? ', you too' : ''}`;
}
