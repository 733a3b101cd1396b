// What waits on this phone, lane by lane, and what was not sent and why.
import type { WriteSnapshot } from '@tidewire/client';
import { useOutbox } from '@tidewire/react';
import { lanes, type Lane } from 'activities-shared/outbox/lanes.ts';
import { useQueue } from 'activities-shared/outbox/useQueue.ts';
import { hint, reason } from 'activities-shared/outbox/words.ts';
import { useActivities } from 'activities-shared/tidewire/queries.ts';
import { activityOf } from 'activities-shared/tidewire/useWrites.ts';
import { ScrollView, StyleSheet, View } from 'react-native';
import { Parked } from '../parts/Parked';
import { Button, Notice, Words } from '../parts/parts';
import { usePalette } from '../theme';

export function Outbox({ onBack }: { onBack: () => void }) {
  const palette = usePalette();
  const { parked } = useOutbox();
  const titles = new Map((useActivities().data ?? []).map((it) => [it.id, it.title]));
  const titleOf = (write: WriteSnapshot | undefined): string | undefined => (write === undefined ? undefined : titles.get(activityOf(write) ?? ''));
  const moving = lanes(useQueue());

  return (
    <ScrollView style={styles.grow} contentContainerStyle={styles.page}>
      <View style={styles.top}>
        <Button look="plain" label="Back to all activities" onPress={onBack} testID="back" style={styles.back}><Words tone="soft" size={32} style={styles.chevron}>‹</Words></Button>
        <Words heading bold size={21}>On this phone</Words>
      </View>
      {moving.length + parked.length === 0 && <Notice title="Everything is sent">Nothing waits on this device.</Notice>}
      {parked.length > 0 && <Words tone="soft" size={14} bold>Not sent</Words>}
      {parked.map((write) => (
        <View key={write.id} style={[styles.card, { backgroundColor: palette.alarmWash }]} testID="parked-item">
          <Words bold>{write.label ?? 'A change'}</Words>
          {write.name !== 'activity.create' && titleOf(write) !== undefined && <Words tone="soft" size={14}>{titleOf(write)}</Words>}
          <Words tone="alarm" size={14}>{reason(write, titleOf(write))}</Words>
          <Parked write={write} name="item" />
        </View>
      ))}
      {moving.length > 0 && <Words tone="soft" size={14} bold>Waiting to be sent</Words>}
      {moving.map((lane) => (
        <LaneCard key={lane.name} lane={lane} title={titleOf(lane.writes[0]?.write) ?? 'Another change'} />
      ))}
      {moving.length > 0 && (
        <Words tone="soft" size={14}>{hint(moving)}</Words>
      )}
    </ScrollView>
  );
}

function LaneCard({ lane, title }: { lane: Lane; title: string }) {
  const palette = usePalette();
  const waiting = lane.writes.filter(({ gone }) => !gone).length;
  return (
    <View style={[styles.card, styles.lane, { backgroundColor: palette.surface, borderColor: palette.line }]} testID="lane">
      <View style={styles.about}>
        <Words bold lines={1} style={styles.shrink}>{title}</Words>
        <Words tone="soft" size={14} bold>{waiting === 0 ? 'sent' : String(waiting)}</Words>
      </View>
      {lane.writes.map(({ write, gone }) => (
        <View key={write.id} style={styles.write} testID={gone ? 'sent-item' : 'pending-item'}>
          <Words tone={gone ? 'tide' : 'sun'} size={14} bold>{gone ? '✓' : write.state === 'sending' ? '↑' : '◷'}</Words>
          <Words tone={gone ? 'soft' : 'ink'} size={15} style={styles.shrink}>{write.label ?? 'A change'}</Words>
          {write.state === 'retrying' && !gone && <Words tone="soft" size={13}>tried, again soon</Words>}
        </View>
      ))}
    </View>
  );
}

const styles = StyleSheet.create({
  grow: { flex: 1 },
  page: { padding: 12, paddingTop: 8, gap: 10, paddingBottom: 40, width: '100%', maxWidth: 640, alignSelf: 'center' },
  top: { flexDirection: 'row', alignItems: 'center', marginLeft: -8 },
  back: { paddingHorizontal: 0 },
  chevron: { lineHeight: 36, marginTop: -4 },
  card: { borderRadius: 16, padding: 14, gap: 6 },
  lane: { borderWidth: 1 },
  about: { flexDirection: 'row', justifyContent: 'space-between', gap: 12 },
  write: { flexDirection: 'row', gap: 8, alignItems: 'baseline' },
  shrink: { flexShrink: 1 },
});
