// One activity: what it is, what one can do with it, and its chat.
import { ActionIcon, Button, Skeleton } from '@mantine/core';
import { useOfflineMutation } from '@tidewire/react';
import { IconArrowLeft, IconCheck, IconPlus, IconUsers } from '@tabler/icons-react';
import { Link } from 'wouter';
import { displayName } from 'activities-shared/domain/names.ts';
import type { Activity, User } from 'activities-shared/domain/types.ts';
import { joinActivity, leaveActivity } from 'activities-shared/tidewire/mutations.ts';
import { useActivity } from 'activities-shared/tidewire/queries.ts';
import { useWrites } from 'activities-shared/tidewire/useWrites.ts';
import { useNow } from 'activities-shared/time/useNow.ts';
import { ChatPanel } from '../chat/ChatPanel.tsx';
import { QueryNotice } from '../shell/QueryNotice.tsx';
import { useTitle } from '../shell/useTitle.ts';
import { CheerButton } from './CheerButton.tsx';
import { LikeButton } from './LikeButton.tsx';
import { RefusedTitle } from './RefusedTitle.tsx';
import { TitleEditor } from './TitleEditor.tsx';
import { When } from './When.tsx';
import classes from './ActivityDetail.module.css';

export function ActivityDetail({ id, user, beside }: { id: string; user: User; beside: boolean }) {
  const writes = useWrites();
  const creation = writes.find('activity.create', id);
  const refused = writes.parked('activity.rename', id);
  const waiting = writes.waiting(id);
  const { activity, query } = useActivity(id, creation === undefined);
  const now = useNow();
  useTitle(activity?.title);

  return (
    <article className={classes['detail']} aria-label={activity?.title ?? 'Activity'}>
      <header className={classes['head']}>
        {!beside && (
          <ActionIcon component={Link} href="/" variant="subtle" color="gray" size={40} radius="xl" aria-label="Back to all activities" className={classes['back'] ?? ''}>
            <IconArrowLeft size={22} />
          </ActionIcon>
        )}
        <div className={classes['about']}>
          {activity !== undefined && (
            <>
              <TitleEditor activity={activity} />
              <p className={classes['meta']}>
                <span>{displayName(activity.createdBy)}</span>
                <When activity={activity} creation={creation} waiting={waiting} now={now} testId="detail-waiting" />
                <span className={classes['people']}>
                  <IconUsers size={16} aria-hidden />
                  <span>
                    <span data-testid="participant-count">{activity.participantCount}</span> going
                  </span>
                </span>
              </p>
            </>
          )}
          {activity === undefined && query.isLoading && (
            <div aria-busy>
              <Skeleton height={20} width="55%" radius="xl" mb={10} />
              <Skeleton height={12} width="35%" radius="xl" />
            </div>
          )}
        </div>
      </header>
      {activity === undefined ? (
        !query.isLoading && <QueryNotice query={query} what="This activity" />
      ) : (
        <>
          {refused !== undefined && <RefusedTitle write={refused} current={activity.title} />}
          <Actions activity={activity} onServer={creation === undefined} beside={beside} />
          <ChatPanel activity={activity} creation={creation} user={user} />
        </>
      )}
    </article>
  );
}

function Actions({ activity, onServer, beside }: { activity: Activity; onServer: boolean; beside: boolean }) {
  // Beside the list the row's heart has the plain names: each test id stands once on a page.
  const prefix = beside ? 'detail-' : '';
  return (
    <div className={classes['actions']}>
      <JoinButton activity={activity} />
      <LikeButton activity={activity} large testId={`${prefix}like-${activity.id}`} countTestId={`${prefix}like-count-${activity.id}`} />
      <CheerButton activityId={activity.id} onServer={onServer} />
    </div>
  );
}

function JoinButton({ activity }: { activity: Activity }) {
  const join = useOfflineMutation(joinActivity);
  const leave = useOfflineMutation(leaveActivity);
  const joined = activity.joined === true;
  return (
    <Button
      h={40}
      px={18}
      radius="xl"
      variant={joined ? 'light' : 'filled'}
      leftSection={joined ? <IconCheck size={18} /> : <IconPlus size={18} />}
      aria-pressed={joined}
      aria-label={joined ? 'You are going. Leave' : 'Join'}
      data-testid={joined ? 'leave' : 'join'}
      onClick={() => (joined ? leave : join).mutate({ activityId: activity.id })}
    >
      {joined ? 'Going' : 'Join'}
    </Button>
  );
}
