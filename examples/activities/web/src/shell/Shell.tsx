// The signed-in app's frame. A phone shows one thing at a time, a wide screen the list beside what was picked.
import { VisuallyHidden } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconHandClick } from '@tabler/icons-react';
import { useRoute } from 'wouter';
import type { User } from 'activities-shared/domain/types.ts';
import { ActivityDetail } from '../activities/ActivityDetail.tsx';
import { ActivityList } from '../activities/ActivityList.tsx';
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

  const list = (
    <>
      {id === null && <VisuallyHidden component="h1">Activities</VisuallyHidden>}
      <ActivityList picked={id} />
    </>
  );
  return (
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
  );
}
