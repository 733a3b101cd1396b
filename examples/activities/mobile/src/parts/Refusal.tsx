// Says that a change could not be kept on this device, and why.
import { dismissRefusal, useRefusal } from 'activities-shared/tidewire/refusals.ts';
import { StyleSheet, View } from 'react-native';
import { usePalette } from '../theme';
import { Button, Words } from './parts';

export function Refusal() {
  const palette = usePalette();
  const refusal = useRefusal();
  if (refusal === null) return null;
  return (
    <View style={[styles.place, { backgroundColor: palette.alarmWash }]} accessibilityRole="alert" testID="write-refused">
      <Words tone="alarm" size={14} style={styles.grow}>{refusal}</Words>
      <Button small look="plain" onPress={dismissRefusal}>Dismiss</Button>
    </View>
  );
}

const styles = StyleSheet.create({
  place: { flexDirection: 'row', alignItems: 'center', gap: 12, paddingVertical: 7, paddingLeft: 16, paddingRight: 4 },
  grow: { flex: 1 },
});
