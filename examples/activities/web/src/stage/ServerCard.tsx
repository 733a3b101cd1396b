// The server: whether it runs, and the button that kills it, where the demo's command offers that.
import { Button, Text } from '@mantine/core';
import { IconPlayerPlay, IconServer, IconSkull } from '@tabler/icons-react';
import type { ServerControl } from './control.ts';
import classes from './ServerCard.module.css';

export function ServerCard({ server }: { server: ServerControl }) {
  const { state, pid, busy, kill, start } = server;
  if (kill === undefined || start === undefined) return null;
  const up = state === 'up';
  return (
    <section className={classes['card']} aria-label="Server" data-up={up || undefined} data-testid="server">
      <span className={classes['icon']}>
        <IconServer size={22} aria-hidden />
      </span>
      <div className={classes['text']} role="status">
        <Text fw={650}>{up ? 'Server' : 'Server killed'}</Text>
        <Text className={classes['pid']}>{up ? `running, process ${pid ?? ''}` : 'kill -9, nothing said goodbye'}</Text>
      </div>
      {up ? (
        <Button variant="default" radius="xl" disabled={busy} leftSection={<IconSkull size={18} />} onClick={kill} data-testid="server-kill">Kill server</Button>
      ) : (
        <Button radius="xl" disabled={busy} leftSection={<IconPlayerPlay size={18} />} onClick={start} data-testid="server-start">Start again</Button>
      )}
    </section>
  );
}
