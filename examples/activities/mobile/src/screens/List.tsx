// All activities, newest first, and the place to start one.
import type { WriteSnapshot } from '@tidewire/client';
import { useNewActivity } from 'activities-shared/activities/useNewActivity.ts';
import { displayName } from 'activities-shared/domain/names.ts';
import type { Activity } from 'activities-shared/domain/types.ts';
import { useOnline } from 'activities-shared/presence/Presence.tsx';
import { useActivities } from 'activities-shared/tidewire/queries.ts';
import { useWrites } from 'activities-shared/tidewire/useWrites.ts';
import { useNow } from 'activities-shared/time/useNow.ts';
import { ago } from 'activities-shared/time/words.ts';
import { FlatList, Pressable, StyleSheet, TextInput, View } from 'react-native';
import { LikeButton } from '../parts/LikeButton';
import { Button, Notice, Person, Placeholder, Words } from '../parts/parts';
import { QueryNotice } from '../parts/QueryNotice';
import { usePalette } from '../theme';

export function List({ onOpen }: { onOpen: (id: string) => void }) {
  const query = useActivities();
  const writes = useWrites();
  const online = useOnline();
  const now = useNow();
  return (
    <FlatList
      style={styles.grow}
      contentContainerStyle={styles.list}
      data={query.data ?? []}
      keyExtractor={({ id }) => id}
      keyboardShouldPersistTaps="handled"
      refreshing={query.isRefetching}
      onRefresh={() => void query.refetch()}
      ListHeaderComponent={<Create />}
      ListEmptyComponent={
        query.data === undefined ? (
          query.isError || query.isPaused ? <QueryNotice query={query} what="Activities" many /> : <Loading />
        ) : (
          <Notice title="Nothing planned yet">Write above what you would like to do. Others see it at once.</Notice>
        )
      }
      renderItem={({ item }) => (
        <Row activity={item} online={online.has(item.createdBy)} creation={writes.find('activity.create', item.id)} waiting={writes.waiting(item.id)} now={now} onOpen={onOpen} />
      )}
    />
  );
}

function Row({ activity, online, creation, waiting, now, onOpen }: {
  activity: Activity;
  online: boolean;
  creation: WriteSnapshot | undefined;
  waiting: number;
  now: number;
  onOpen: (id: string) => void;
}) {
  const palette = usePalette();
  const going = `${activity.participantCount} going${activity.joined === true ? ', you too' : ''}`;
  return (
    <View style={[styles.row, { backgroundColor: palette.surface, borderColor: palette.line }]}>
      <Pressable accessibilityRole="button" onPress={() => onOpen(activity.id)} testID={`activity-${activity.id}`} style={({ pressed }) => [styles.open, { opacity: pressed ? 0.6 : 1 }]}>
        <Person id={activity.createdBy} online={online} />
        <View style={styles.grow}>
          <Words bold lines={2}>{activity.title}</Words>
          <View style={styles.meta}>
            <Words tone="soft" size={14}>{displayName(activity.createdBy)}</Words>
            {creation?.state === 'parked' ? (
              <Words tone="alarm" size={14} bold>not sent</Words>
            ) : waiting > 0 || creation !== undefined ? (
              <Words tone="sun" size={14} bold testID={`waiting-${activity.id}`}>{waiting > 1 ? `${waiting} waiting` : 'waiting'}</Words>
            ) : (
              <Words tone="soft" size={14}>{ago(activity.createdAt, now)}</Words>
            )}
            <Words tone={activity.joined === true ? 'tide' : 'soft'} size={14} bold={activity.joined === true}>{going}</Words>
          </View>
        </View>
      </Pressable>
      <LikeButton activity={activity} />
    </View>
  );
}

function Create() {
  const palette = usePalette();
  const { title, change, empty, submit } = useNewActivity();
  return (
    <View style={[styles.create, { backgroundColor: palette.surface, borderColor: palette.line }]}>
      <TextInput
        accessibilityLabel="New activity"
        placeholder="What shall we do?"
        placeholderTextColor={palette.soft}
        value={title}
        onChangeText={change}
        onSubmitEditing={submit}
        returnKeyType="done"
        maxLength={120}
        testID="create-title"
        style={[styles.input, { color: palette.ink }]}
      />
      <Button look={empty ? 'quiet' : 'filled'} disabled={empty} onPress={submit} label="Create activity" testID="create-submit" style={styles.plus}>+</Button>
    </View>
  );
}

function Loading() {
  const palette = usePalette();
  return (
    <View style={styles.loading} role="status" aria-label="Loading activities">
      {(['62%', '48%', '70%', '54%'] as const).map((width) => (
        <View key={width} style={[styles.row, styles.placeholder, { backgroundColor: palette.surface, borderColor: palette.line }]}>
          <Placeholder width={40} height={40} />
          <View style={styles.lines}>
            <Placeholder width={width} height={13} />
            <Placeholder width="38%" height={10} />
          </View>
        </View>
      ))}
    </View>
  );
}

const styles = StyleSheet.create({
  grow: { flex: 1, minWidth: 0 },
  list: { padding: 12, gap: 8, paddingBottom: 40, width: '100%', maxWidth: 640, alignSelf: 'center' },
  row: { flexDirection: 'row', alignItems: 'center', borderWidth: 1, borderRadius: 16, paddingRight: 4 },
  open: { flex: 1, minWidth: 0, flexDirection: 'row', alignItems: 'center', gap: 12, paddingVertical: 12, paddingLeft: 14 },
  meta: { flexDirection: 'row', flexWrap: 'wrap', columnGap: 10, marginTop: 2 },
  create: { flexDirection: 'row', alignItems: 'center', borderWidth: 1, borderRadius: 16, padding: 5, marginBottom: 4 },
  input: { flex: 1, minWidth: 0, minHeight: 44, paddingHorizontal: 12, fontSize: 16 },
  plus: { borderRadius: 12, paddingHorizontal: 0 },
  loading: { gap: 8 },
  placeholder: { height: 68, gap: 12, paddingLeft: 14 },
  lines: { flex: 1, gap: 9 },
});
