// Says that there is no connection, once that has lasted a second, and what it means for one's changes. Below the app's name, where there
// is room for it already: nothing on the screen moves away from a finger.
import { useSocketConnection } from '@tidewire/react';
import { IconBuildingTunnel, IconCloudOff, IconPlugConnectedX } from '@tabler/icons-react';
import { useRefusal } from 'activities-shared/tidewire/refusals.ts';
import { useGrace } from 'activities-shared/time/useGrace.ts';
import { useTunnel } from '../tunnel.ts';
import classes from './ConnectionLine.module.css';

const GRACE_MS = 1_000;

export function ConnectionLine() {
  const { isConnected, status, reconnectAttempts, code } = useSocketConnection();
  const inTunnel = useTunnel();
  const refused = useRefusal() !== null;
  const shown = useGrace(!isConnected, GRACE_MS);

  const offline = status === 'paused' || inTunnel;
  const text = offline ? 'Offline' : status === 'refused' ? `Refused (${code ?? 'unknown'})` : reconnectAttempts > 0 ? 'Reconnecting' : 'Connecting';
  const Icon = inTunnel ? IconBuildingTunnel : offline ? IconCloudOff : IconPlugConnectedX;

  return (
    <div className={classes['place']} role="status" aria-live="polite">
      {shown && (
        <span className={classes['line']} title={refused ? text : `${text}: changes are kept on this device`} data-testid="connection-banner" data-offline={offline || undefined}>
          <Icon size={15} aria-hidden />
          <span className={classes['text']}>
            {text}
            {!refused && <span className={classes['rest']}>: all is kept</span>}
          </span>
        </span>
      )}
    </div>
  );
}
