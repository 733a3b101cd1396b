// Says that there is no connection, once that has lasted a second (C10). Below the app's name, where there is room for it already: nothing moves away from a finger.
import { useSocketConnection } from '@tidewire/react';
import { useGrace } from 'activities-shared/time/useGrace.ts';
import { View } from 'react-native';
import { Words } from './parts';

const GRACE_MS = 1_000;

export function ConnectionLine() {
  const { isConnected, status, reconnectAttempts, code } = useSocketConnection();
  const shown = useGrace(!isConnected, GRACE_MS);
  const text =
    status === 'paused'
      ? 'Offline: changes are kept'
      : status === 'refused'
        ? `Refused (${code ?? 'unknown'})`
        : reconnectAttempts > 0
          ? `Reconnecting… (${reconnectAttempts})`
          : 'Connecting…';
  return (
    <View accessibilityLiveRegion="polite">
      {shown && <Words tone="sun" size={13} bold lines={1} testID="connection-banner">{text}</Words>}
    </View>
  );
}
