// The top bar: the mark, what waits to be sent, the tunnel, and who is signed in.
import { ActionIcon, Menu, SegmentedControl, Text, UnstyledButton, useMantineColorScheme } from '@mantine/core';
import { useOfflineQueueStatus } from '@tidewire/react';
import { IconDeviceDesktop, IconLogout, IconMoon, IconRefresh, IconSun } from '@tabler/icons-react';
import { Link } from 'wouter';
import { displayName } from 'activities-shared/domain/names.ts';
import type { User } from 'activities-shared/domain/types.ts';
import { onStage, place } from '../session/place.ts';
import { sessions } from '../device.ts';
import { PersonAvatar } from '../theme/PersonAvatar.tsx';
import { useUpdate } from '../worker/register.ts';
import { ConnectionLine } from './ConnectionLine.tsx';
import { Mark } from './Mark.tsx';
import { OutboxBadge } from './OutboxBadge.tsx';
import { TunnelSwitch } from './TunnelSwitch.tsx';
import classes from './Header.module.css';

export function Header({ user }: { user: User }) {
  const update = useUpdate();
  return (
    <header className={classes['header']}>
      <div className={classes['inner']}>
        <div className={classes['brand']}>
          <Link href="/" className={classes['home'] ?? ''}>
            <Mark size={30} />
            <span className={classes['name']}>Activities</span>
          </Link>
          <ConnectionLine />
        </div>
        <div className={classes['tools']}>
          {update !== null && (
            <ActionIcon variant="subtle" size={38} radius="xl" onClick={update} aria-label="Load the new version" title="Load the new version">
              <IconRefresh size={20} />
            </ActionIcon>
          )}
          <OutboxBadge />
          {!onStage && <TunnelSwitch />}
          <Account user={user} />
        </div>
      </div>
    </header>
  );
}

function Account({ user }: { user: User }) {
  const { count, parked } = useOfflineQueueStatus();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const kept = count + parked;
  return (
    <Menu position="bottom-end" width={240} radius="lg" shadow="md">
      <Menu.Target>
        <UnstyledButton className={classes['account']} aria-label={`Account of ${displayName(user.id)}`} data-testid="account">
          <PersonAvatar id={user.id} size={36} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <div className={classes['who']}>
          <Text fw={600}>{displayName(user.id)}</Text>
          <Text size="sm" c="dimmed">{place.kind === 'phone' ? 'This phone is theirs' : 'Signed in, in this tab'}</Text>
        </div>
        <SegmentedControl
          fullWidth
          size="xs"
          m={4}
          radius="md"
          aria-label="Colours"
          value={colorScheme}
          onChange={(value) => setColorScheme(value === 'light' || value === 'dark' ? value : 'auto')}
          data={[
            { value: 'light', label: <Scheme name="Light"><IconSun size={16} /></Scheme> },
            { value: 'auto', label: <Scheme name="As the device"><IconDeviceDesktop size={16} /></Scheme> },
            { value: 'dark', label: <Scheme name="Dark"><IconMoon size={16} /></Scheme> },
          ]}
        />
        {place.kind === 'app' && (
          <>
            <Menu.Divider />
            <Menu.Item leftSection={<IconLogout size={18} />} onClick={sessions.signOut} data-testid="logout">
              Sign out
              {kept > 0 && <Text size="xs" c="dimmed">{kept === 1 ? '1 change is' : `${kept} changes are`} kept for {displayName(user.id)}</Text>}
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

function Scheme({ name, children }: { name: string; children: React.ReactNode }) {
  return <span className={classes['scheme']} title={name} aria-label={name} role="img">{children}</span>;
}
