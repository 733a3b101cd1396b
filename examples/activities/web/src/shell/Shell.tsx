// The signed-in app's frame. A phone shows one thing at a time, a wide screen the list beside what was picked.
import { VisuallyHidden } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { useRoom, useSocketConnection } from '@tidewire/react';
import { IconHandClick } from '@tabler/icons-react';
import { useEffect } from 'react';
import { useRoute } from 'wouter';
import { ActivityDetail } from '../activities/ActivityDetail.tsx';
import { ActivityList } from '../activities/ActivityList.tsx';
import type { User } from '../domain/types.ts';
import { PresenceProvider } from '../presence/Presence.tsx';
import { ACTIVITIES_ROOM } from '../tidewire/keys.ts';
import { Header } from './Header.tsx';
import { Notice } from './Notice.tsx';
import { Refusal } from './Refusal.tsx';
import { useWay } from './useWay.ts';
import classes from './Shell.module.css';

export function Shell({ user }: { user: User }) {
  const wide = useMediaQuery('(min-width: 860px)', undefined, { getInitialValueInEffect: false });
  const [picked, params] = useRoute<{ id: string }>('/activities/:id');
  const id = picked ? params.id : null;
  const way = useWay(id, wide === true);

  useRoom(ACTIVITIES_ROOM);
  useFailedQueriesOnceConnected();

  const list = (
    <>
      {id === null && <VisuallyHidden component="h1">Activities</VisuallyHidden>}
      <ActivityList picked={id} />
    </>
  );
  return (
    <PresenceProvider userId={user.id}>
      <div className={classes['app']}>
        <Header user={user} />
        <Refusal />
        <div className={classes['panes']}>
          {wide ? (
            <nav className={classes['list']} aria-label="Activities">{list}</nav>
          ) : (
            id === null && <main className={classes['list']} ref={way.list} onScroll={way.onScroll}>{list}</main>
          )}
          {(wide || id !== null) && (
            <main className={classes['detail']} ref={way.detail}>
              {id === null ? (
                <Notice icon={<IconHandClick size={24} />} title="Pick an activity">
                  Its people and its chat open here.
                </Notice>
              ) : (
                <ActivityDetail key={id} id={id} user={user} beside={wide} />
              )}
            </main>
          )}
        </div>
      </div>
    </PresenceProvider>
  );
}

/** A query that failed for want of a network is tried again when there is one. */
function useFailedQueriesOnceConnected(): void {
  const client = useQueryClient();
  const { isConnected } = useSocketConnection();
  useEffect(() => {
    if (isConnected) void client.refetchQueries({ type: 'active', predicate: (query) => query.state.status === 'error' });
  }, [client, isConnected]);
}
