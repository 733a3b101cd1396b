// One activity in the list: the whole row leads to it, the heart likes it.
import { VisuallyHidden } from '@mantine/core';
import type { WriteSnapshot } from '@tidewire/client';
import { IconUsers } from '@tabler/icons-react';
import { memo } from 'react';
import { Link } from 'wouter';
import { displayName } from 'activities-shared/domain/names.ts';
import type { Activity } from 'activities-shared/domain/types.ts';
import { OnlineAvatar } from '../presence/OnlineAvatar.tsx';
import { LikeButton } from './LikeButton.tsx';
import { When } from './When.tsx';
import classes from './ActivityRow.module.css';

/** Drawn again only when something of its own has changed: one like in a list of hundreds draws one row. */
export const ActivityRow = memo(function ActivityRow({ activity, picked, creation, waiting, now }: {
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
        <Link href={`/activities/${encodeURIComponent(activity.id)}`} className={classes['title'] ?? ''} dir="auto" aria-current={picked ? 'page' : undefined}>
          {activity.title}
        </Link>
        <p className={classes['meta']}>
          <span>{displayName(activity.createdBy)}</span>
          <When activity={activity} creation={creation} waiting={waiting} now={now} testId={`waiting-${activity.id}`} />
          <span className={classes['people']} data-joined={activity.joined || undefined}>
            <IconUsers size={15} aria-hidden />
            {activity.participantCount}
            <VisuallyHidden>going{activity.joined === true && ', you too'}</VisuallyHidden>
          </span>
        </p>
      </div>
      <LikeButton activity={activity} testId={`like-${activity.id}`} countTestId={`like-count-${activity.id}`} />
    </li>
  );
});
