// Says that there is no connection, once that has lasted a second (C10), and what this device could not keep.
import { useSocketConnection } from '@tidewire/react';
import { dismissRefusal, useRefusal } from 'activities-shared/tidewire/refusals.ts';
import { useGrace } from 'activities-shared/time/useGrace.ts';
import { StyleSheet, View } from 'react-native';
import { usePalette } from '../theme';
import { Button, Words } from './parts';

const GRACE_MS = 1_000;

export function Banner() {
  const palette = usePalette();
  const { isConnected, status, reconnectAttempts, code } = useSocketConnection();
  const shown = useGrace(!isConnected, GRACE_MS);
  const refusal = useRefusal();
  const offline = status === 'paused';
  const text = offline
    ? 'Offline: changes are kept'
    : status === 'refused'
      ? `The server refuses this session (${code ?? 'unknown'})`
      : reconnectAttempts > 0
        ? `Reconnecting… (${reconnectAttempts})`
        : 'Connecting…';
  return (
    <View accessibilityLiveRegion="polite">
      {shown && (
        <View style={[styles.banner, { backgroundColor: palette.sunWash }]} testID="connection-banner">
          <Words tone="sun" size={14} bold>{text}</Words>
        </View>
      )}
      {refusal !== null && (
        <View style={[styles.banner, styles.refusal, { backgroundColor: palette.alarmWash }]} accessibilityRole="alert" testID="write-refused">
          <Words tone="alarm" size={14} style={styles.grow}>{refusal}</Words>
          <Button small look="plain" onPress={dismissRefusal}>Dismiss</Button>
        </View>
      )}
    </View>
  );
}

const styles = StyleSheet.create({
  banner: { alignItems: 'center', paddingVertical: 7, paddingHorizontal: 16 },
  refusal: { flexDirection: 'row', gap: 12 },
  grow: { flex: 1 },
});
