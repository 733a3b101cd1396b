// The outbox for people: what waits, what did not go through and why, and what to do about it.
import { Button, Drawer, Text } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useOutbox } from '@tidewire/react';
import type { WriteSnapshot } from '@tidewire/client';
import { IconAlertTriangle, IconCircleCheck, IconClock } from '@tabler/icons-react';
import { useActivities } from '../tidewire/queries.ts';
import { activityOf } from '../tidewire/useWrites.ts';
import { Notice } from './Notice.tsx';
import classes from './OutboxDrawer.module.css';

export function OutboxDrawer({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const wide = useMediaQuery('(min-width: 640px)', undefined, { getInitialValueInEffect: false });
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      position={wide ? 'right' : 'bottom'}
      size={wide ? 400 : '60%'}
      title="Your changes"
      closeButtonProps={{ 'aria-label': 'Close' }}
      classNames={{ title: classes['title'] ?? '', content: classes['content'] ?? '', header: classes['header'] ?? '' }}
    >
      {opened && <Writes />}
    </Drawer>
  );
}

function Writes() {
  const { pending, parked, retry, discard } = useOutbox();
  const titles = new Map((useActivities().data ?? []).map((it) => [it.id, it.title]));
  const about = (write: WriteSnapshot): string | undefined => (write.name === 'activity.create' ? undefined : titles.get(activityOf(write) ?? ''));

  if (pending.length + parked.length === 0) {
    return <Notice icon={<IconCircleCheck size={24} />} title="Everything is sent">Nothing waits on this device.</Notice>;
  }
  return (
    <>
      {parked.length > 0 && (
        <section aria-label="Not sent">
          <Text component="h3" className={classes['heading']}>Not sent</Text>
          <ul className={classes['writes']}>
            {parked.map((write) => (
              <li key={write.id} className={classes['write']} data-testid="parked-item">
                <IconAlertTriangle size={18} className={classes['alarm']} aria-hidden />
                <div className={classes['what']}>
                  <Text fw={550}>{write.label}</Text>
                  {about(write) !== undefined && <Text size="sm" c="dimmed">{about(write)}</Text>}
                  <Text size="sm" className={classes['alarm']}>{reason(write)}</Text>
                  <div className={classes['actions']}>
                    <Button size="compact-sm" variant="light" onClick={() => retry(write.id)}>Retry</Button>
                    <Button size="compact-sm" variant="subtle" color="gray" onClick={() => discard(write.id)}>Discard</Button>
                  </div>
                </div>
              </li>
            ))}
          </ul>
        </section>
      )}
      {pending.length > 0 && (
        <section aria-label="Waiting">
          <Text component="h3" className={classes['heading']}>Waiting to be sent</Text>
          <ul className={classes['writes']}>
            {pending.map((write) => (
              <li key={write.id} className={classes['write']} data-testid="pending-item">
                <IconClock size={18} className={classes['clock']} aria-hidden />
                <div className={classes['what']}>
                  <Text fw={550}>{write.label}</Text>
                  <Text size="sm" c="dimmed">{[about(write), state(write)].filter((part) => part !== undefined).join(' · ')}</Text>
                </div>
              </li>
            ))}
          </ul>
          <Text size="sm" c="dimmed" mt="sm">They are stored on this device and go out by themselves.</Text>
        </section>
      )}
    </>
  );
}

function state(write: WriteSnapshot): string | undefined {
  switch (write.state) {
    case 'sending':
      return 'sending';
    case 'retrying':
      return 'will be tried again';
    case 'queued':
    case 'durable':
    case 'acknowledged':
    case 'parked':
      return undefined;
  }
}

/** Why a write is parked, for people. */
export function reason({ error }: WriteSnapshot): string {
  const said = typeof error?.data === 'object' && error.data !== null ? messageIn(error.data) : undefined;
  if (said !== undefined) return said;
  switch (error?.code) {
    case 'EXPIRED':
      return 'It waited too long.';
    case 'OUT_OF_TRIES':
      return 'The server failed at it repeatedly.';
    case 'CONFLICT':
      return 'Somebody else changed it first.';
    case 'UNKNOWN':
      return 'Nobody can say whether it arrived.';
    default:
      return error?.status === undefined ? 'The server did not take it.' : `The server did not take it (${error.status}).`;
  }
}

function messageIn(data: object): string | undefined {
  const error: unknown = Reflect.get(data, 'error');
  if (typeof error !== 'object' || error === null) return undefined;
  const message: unknown = Reflect.get(error, 'message');
  return typeof message === 'string' ? message : undefined;
}
