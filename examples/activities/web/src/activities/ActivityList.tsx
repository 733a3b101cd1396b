// All activities, newest first, and the place to start one.
import { ActionIcon, Skeleton } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { IconReload, IconSparkles } from '@tabler/icons-react';
import { useActivities } from 'activities-shared/tidewire/queries.ts';
import { useWrites } from 'activities-shared/tidewire/useWrites.ts';
import { useNow } from 'activities-shared/time/useNow.ts';
import { OnlineNow } from '../presence/OnlineNow.tsx';
import { Notice } from '../shell/Notice.tsx';
import { QueryNotice } from '../shell/QueryNotice.tsx';
import { ActivityRow } from './ActivityRow.tsx';
import { CreateActivity } from './CreateActivity.tsx';
import classes from './ActivityList.module.css';

export function ActivityList({ picked }: { picked: string | null }) {
  const query = useActivities();
  const writes = useWrites();
  const now = useNow();

  return (
    <>
      <div className={classes['top']}>
        <CreateActivity />
        <Reload />
      </div>
      <div className={classes['head']}>
        <span>{query.data !== undefined && query.data.length > 0 && count(query.data.length)}</span>
        <OnlineNow />
      </div>
      {query.data === undefined ? (
        query.isError || query.isPaused ? <QueryNotice query={query} what="Activities" many /> : <Loading />
      ) : query.data.length === 0 ? (
        <Notice icon={<IconSparkles size={24} />} title="Nothing planned yet">
          Write above what you would like to do. Others see it at once.
        </Notice>
      ) : (
        <ul className={classes['list']} aria-label="All activities">
          {query.data.map((activity) => (
            <ActivityRow
              key={activity.id}
              activity={activity}
              picked={activity.id === picked}
              creation={writes.find('activity.create', activity.id)}
              waiting={writes.waiting(activity.id)}
              now={now}
            />
          ))}
        </ul>
      )}
    </>
  );
}

const count = (activities: number): string => `${activities} ${activities === 1 ? 'activity' : 'activities'}`;

/** For those who do not trust what they see: fetches everything on the screen again. */
function Reload() {
  const client = useQueryClient();
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size={42}
      radius="lg"
      aria-label="Fetch again"
      title="Fetch again"
      data-testid="refresh"
      onClick={() => void client.refetchQueries({ type: 'active' })}
    >
      <IconReload size={20} />
    </ActionIcon>
  );
}

function Loading() {
  return (
    <ul className={classes['list']} aria-busy aria-label="Loading activities">
      {[62, 48, 70, 54].map((width) => (
        <li key={width} className={classes['placeholder']}>
          <Skeleton circle height={40} />
          <div className={classes['lines']}>
            <Skeleton height={13} width={`${width}%`} radius="xl" />
            <Skeleton height={10} width="38%" radius="xl" />
          </div>
        </li>
      ))}
    </ul>
  );
}
