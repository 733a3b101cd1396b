// The outbox for people: what was refused and what to do about it, and what waits, in lanes.
import { Drawer, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useOutbox } from '@tidewire/react';
import type { WriteSnapshot } from '@tidewire/client';
import { IconAlertTriangle, IconCheck, IconCircleCheck, IconClock, IconUpload } from '@tabler/icons-react';
import type { CSSProperties } from 'react';
import { lanes, type Lane, type LaneWrite } from 'activities-shared/outbox/lanes.ts';
import { useQueue } from 'activities-shared/outbox/useQueue.ts';
import { hint, reason } from 'activities-shared/outbox/words.ts';
import { useActivities } from 'activities-shared/tidewire/queries.ts';
import { activityOf } from 'activities-shared/tidewire/useWrites.ts';
import { Notice } from './Notice.tsx';
import { ParkedActions } from './ParkedActions.tsx';
import classes from './OutboxDrawer.module.css';

export function OutboxDrawer({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const wide = useMediaQuery('(min-width: 640px)', undefined, { getInitialValueInEffect: false });
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      position={wide ? 'right' : 'bottom'}
      size={wide ? 420 : '76%'}
      title="Your changes"
      closeButtonProps={{ 'aria-label': 'Close' }}
      classNames={{ title: classes['title'] ?? '', content: classes['content'] ?? '', header: classes['header'] ?? '' }}
    >
      {opened && <Queue />}
    </Drawer>
  );
}

function Queue() {
  const { parked } = useOutbox();
  const titles = new Map((useActivities().data ?? []).map((it) => [it.id, it.title]));
  const titleOf = (write: WriteSnapshot): string | undefined => titles.get(activityOf(write) ?? '');
  const moving = lanes(useQueue());
  const allGone = moving.every(({ writes }) => writes.every(({ gone }) => gone));

  if (moving.length + parked.length === 0) {
    return <Notice icon={<IconCircleCheck size={24} />} title="Everything is sent">Nothing waits on this device.</Notice>;
  }
  return (
    <>
      {parked.length > 0 && (
        <section aria-label="Not sent">
          <Text component="h3" className={classes['heading']}>Not sent</Text>
          <ul className={classes['parked']}>
            {parked.map((write) => (
              <li key={write.id} className={classes['refused']} data-testid="parked-item">
                <Text fw={600}>{write.label}</Text>
                {write.name !== 'activity.create' && titleOf(write) !== undefined && <Text size="sm" c="dimmed">{titleOf(write)}</Text>}
                <p className={classes['why']}>
                  <IconAlertTriangle size={16} aria-hidden /> {reason(write, titleOf(write))}
                </p>
                <ParkedActions write={write} name="item" />
              </li>
            ))}
          </ul>
        </section>
      )}
      {moving.length > 0 && (
        <section aria-label="Waiting">
          <Text component="h3" className={classes['heading']}>{allGone ? 'Sent' : 'Waiting to be sent'}</Text>
          {moving.map((lane) => (
            <LaneCard key={lane.name} lane={lane} title={titleOf(lane.writes[0]?.write as WriteSnapshot) ?? 'Another change'} />
          ))}
          {!allGone && <Text className={classes['hint']}>{hint(moving)}</Text>}
        </section>
      )}
    </>
  );
}

function LaneCard({ lane, title }: { lane: Lane; title: string }) {
  const waiting = lane.writes.filter(({ gone }) => !gone).length;
  return (
    <section className={classes['lane']} aria-label={`Lane: ${title}`} data-testid="lane">
      <header className={classes['about']}>
        <Text component="h4" className={classes['what']}>{title}</Text>
        <span className={classes['count']}>{waiting === 0 ? 'sent' : waiting}</span>
      </header>
      <ol className={classes['writes']}>
        {lane.writes.map((each, place) => (
          <Write key={each.write.id} each={each} place={place} />
        ))}
      </ol>
    </section>
  );
}

function Write({ each: { write, gone }, place }: { each: LaneWrite; place: number }) {
  const style = { '--place': place } as CSSProperties;
  return (
    <li className={classes['write']} data-gone={gone || undefined} style={style} data-testid={gone ? 'sent-item' : 'pending-item'}>
      <span className={classes['sign']} key={String(gone)}>
        {gone ? <IconCheck size={16} role="img" aria-label="Sent" /> : write.state === 'sending' ? <IconUpload size={16} role="img" aria-label="Being sent" /> : <IconClock size={16} role="img" aria-label="Waits" />}
      </span>
      <span className={classes['label']} dir="auto">{write.label}</span>
      {write.state === 'retrying' && !gone && <span className={classes['state']}>tried, again soon</span>}
    </li>
  );
}
