// How much waits to be sent, and the way to see it. Absent while nothing waits, but for the moment after the last was sent.
import { UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useOfflineQueueStatus, useSocketConnection } from '@tidewire/react';
import { IconAlertTriangle, IconCheck, IconCloudUp } from '@tabler/icons-react';
import { useState } from 'react';
import { useQueue } from 'activities-shared/outbox/useQueue.ts';
import { OutboxDrawer } from './OutboxDrawer.tsx';
import classes from './OutboxBadge.module.css';

export function OutboxBadge() {
  const { count, parked } = useOfflineQueueStatus();
  const [open, { open: show, close }] = useDisclosure(false);
  const gone = useQueue().some((each) => each.gone);
  // What went out at once needs no word.
  const { isConnected } = useSocketConnection();
  const [offline, setOffline] = useState(false);
  if (!isConnected && count > 0 && !offline) setOffline(true);
  if (offline && count === 0 && !gone) setOffline(false);
  const quick = !offline;
  const label = [count > 0 && `${plural(count, 'change')} waiting to be sent`, parked > 0 && `${plural(parked, 'change')} not sent`]
    .filter((part) => part !== false)
    .join(', ');

  return (
    <>
      {count + parked > 0 && (
        <UnstyledButton className={classes['badge']} aria-label={label} title={label} onClick={show} data-testid="outbox">
          {count > 0 && (
            <span className={classes['part']}>
              <IconCloudUp size={18} aria-hidden />
              <span data-testid="pending-badge">{count}</span>
            </span>
          )}
          {parked > 0 && (
            <span className={classes['part']} data-parked>
              <IconAlertTriangle size={17} aria-hidden />
              <span data-testid="parked-badge">{parked}</span>
            </span>
          )}
        </UnstyledButton>
      )}
      {count + parked === 0 && gone && !quick && (
        <span className={classes['part']} data-sent role="status" data-testid="sent-badge">
          <IconCheck size={18} aria-hidden />
          All sent
        </span>
      )}
      <OutboxDrawer opened={open} onClose={close} />
    </>
  );
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
