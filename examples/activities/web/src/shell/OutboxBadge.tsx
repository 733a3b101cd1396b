// How much waits to be sent, and the way to see it. Absent while nothing waits.
import { UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useOfflineQueueStatus } from '@tidewire/react';
import { IconAlertTriangle, IconCloudUp } from '@tabler/icons-react';
import { OutboxDrawer } from './OutboxDrawer.tsx';
import classes from './OutboxBadge.module.css';

export function OutboxBadge() {
  const { count, parked } = useOfflineQueueStatus();
  const [open, { open: show, close }] = useDisclosure(false);
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
      <OutboxDrawer opened={open} onClose={close} />
    </>
  );
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
