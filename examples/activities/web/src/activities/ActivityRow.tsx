// One activity in the list: the whole row leads to it, the heart likes it.
import type { WriteSnapshot } from '@tidewire/client';
import { IconAlertTriangle, IconClock, IconUsers } from '@tabler/icons-react';
import { Link } from 'wouter';
import { displayName } from '../domain/names.ts';
import { ago } from '../domain/time.ts';
import type { Activity } from '../domain/types.ts';
import { PersonAvatar } from '../theme/PersonAvatar.tsx';
import { LikeButton } from './LikeButton.tsx';
import classes from './ActivityRow.module.css';

export function ActivityRow({ activity, picked, creation, now }: {
  activity: Activity;
  picked: boolean;
  creation: WriteSnapshot | undefined;
  now: number;
}) {
  return (
    <li className={classes['row']} data-picked={picked || undefined} data-testid={`activity-${activity.id}`}>
      <PersonAvatar id={activity.createdBy} size={40} />
      <div className={classes['text']}>
        <Link href={`/activities/${encodeURIComponent(activity.id)}`} className={classes['title'] ?? ''} aria-current={picked ? 'page' : undefined}>
          {activity.title}
        </Link>
        <p className={classes['meta']}>
          <span>{displayName(activity.createdBy)}</span>
          <When activity={activity} creation={creation} now={now} />
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

function When({ activity, creation, now }: { activity: Activity; creation: WriteSnapshot | undefined; now: number }) {
  if (creation === undefined) return <time dateTime={new Date(activity.createdAt).toISOString()}>{ago(activity.createdAt, now)}</time>;
  if (creation.state === 'parked') {
    return (
      <span className={classes['failed']}>
        <IconAlertTriangle size={15} aria-hidden /> not sent
      </span>
    );
  }
  return (
    <span className={classes['waiting']}>
      <IconClock size={15} aria-hidden /> waiting
    </span>
  );
}

function peopleLabel({ participantCount, joined }: Activity): string {
  return `${participantCount} going${joined ? ', you too' : ''}`;
}
