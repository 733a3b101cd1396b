// The server: whether it runs, and the button that kills it, where the demo's command offers that.
import { Button, Text } from '@mantine/core';
import { IconPlayerPlay, IconServer, IconServerOff, IconSkull } from '@tabler/icons-react';
import type { ServerControl } from './control.ts';
import classes from './ServerCard.module.css';

export function ServerCard({ server }: { server: ServerControl }) {
  const { state, pid, busy, kill, start } = server;
  if (state === 'unknown') return null;
  const up = state === 'up';
  const { title, text } = words(state, pid);
  return (
    <section className={classes['card']} aria-label="Server" data-up={up || undefined} data-state={state} data-testid="server">
      <span className={classes['icon']}>{up ? <IconServer size={22} aria-hidden /> : <IconServerOff size={22} aria-hidden />}</span>
      <div className={classes['text']} role="status">
        <Text fw={650}>{title}</Text>
        <Text className={classes['pid']}>{text}</Text>
      </div>
      {up && (
        <Button variant="default" radius="xl" disabled={busy} leftSection={<IconSkull size={18} />} onClick={kill} data-testid="server-kill">Kill server</Button>
      )}
      {state === 'down' && (
        <Button radius="xl" disabled={busy} leftSection={<IconPlayerPlay size={18} />} onClick={start} data-testid="server-start">Start again</Button>
      )}
    </section>
  );
}

function words(state: Exclude<ServerControl['state'], 'unknown'>, pid: number | null): { title: string; text: string } {
  switch (state) {
    case 'up':
      return { title: 'Server running', text: pid === null ? 'its process is not known yet' : `process ${pid}` };
    case 'down':
      return { title: 'Server killed', text: 'kill -9, no goodbye' };
    case 'gone':
      return { title: 'The demo was ended', text: 'Start it again with cargo xtask demo, and open the address that it prints. What waits on the phones is kept.' };
  }
}
