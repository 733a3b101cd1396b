// Says that there is no connection, once that has lasted a second, and what it means for one's changes.
import { useSocketConnection } from '@tidewire/react';
import { IconBuildingTunnel, IconCloudOff, IconPlugConnectedX } from '@tabler/icons-react';
import { useTunnel } from '../tidewire/tunnel.ts';
import { useGrace } from './useGrace.ts';
import classes from './ConnectionBanner.module.css';

const GRACE_MS = 1_000;

export function ConnectionBanner() {
  const { isConnected, status, reconnectAttempts, code } = useSocketConnection();
  const inTunnel = useTunnel();
  const shown = useGrace(!isConnected, GRACE_MS);

  const offline = status === 'paused' || inTunnel;
  const text = offline
    ? 'Offline: changes are kept'
    : status === 'refused'
      ? `The server refuses this session (${code ?? 'unknown'})`
      : reconnectAttempts > 0
        ? `Reconnecting… (${reconnectAttempts})`
        : 'Connecting…';
  const Icon = inTunnel ? IconBuildingTunnel : offline ? IconCloudOff : IconPlugConnectedX;

  return (
    <div className={classes['place']} role="status" aria-live="polite">
      {shown && (
        <div className={classes['banner']} data-testid="connection-banner" data-offline={offline || undefined}>
          <Icon size={17} aria-hidden />
          <span>{text}</span>
        </div>
      )}
    </div>
  );
}
