// Makes this tab's network dark and bright again.
import { UnstyledButton } from '@mantine/core';
import { IconBuildingTunnel } from '@tabler/icons-react';
import { tunnel, useTunnel } from '../tunnel.ts';
import classes from './TunnelSwitch.module.css';

export function TunnelSwitch() {
  const dark = useTunnel();
  const label = dark ? 'Leave tunnel' : 'Enter tunnel';
  return (
    <UnstyledButton
      className={classes['switch']}
      data-testid="tunnel"
      data-dark={dark || undefined}
      aria-label={label}
      aria-pressed={dark}
      title={dark ? 'This tab has no network. Bring it back.' : 'Take this tab’s network away, to try it offline.'}
      onClick={() => tunnel.set(!dark)}
    >
      <IconBuildingTunnel size={19} aria-hidden />
      <span className={classes['label']}>{label}</span>
    </UnstyledButton>
  );
}
