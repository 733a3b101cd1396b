// One activity: what it is, what one can do with it, and its chat.
import { useOfflineMutation } from '@tidewire/react';
import { displayName } from 'activities-shared/domain/names.ts';
import type { Activity, User } from 'activities-shared/domain/types.ts';
import { reason } from 'activities-shared/outbox/words.ts';
import { cheerActivity, joinActivity, leaveActivity, renameActivity } from 'activities-shared/tidewire/mutations.ts';
import { useActivity, useCheers } from 'activities-shared/tidewire/queries.ts';
import { wordsOf } from 'activities-shared/tidewire/repairs.ts';
import { useWrites } from 'activities-shared/tidewire/useWrites.ts';
import { useNow } from 'activities-shared/time/useNow.ts';
import { ago } from 'activities-shared/time/words.ts';
import { useState } from 'react';
import { StyleSheet, TextInput, View } from 'react-native';
import { LikeButton } from '../parts/LikeButton';
import { Parked } from '../parts/Parked';
import { Button, Words } from '../parts/parts';
import { QueryNotice } from '../parts/QueryNotice';
import { usePalette } from '../theme';
import { Chat } from './Chat';

export function Detail({ id, user, onBack }: { id: string; user: User; onBack: () => void }) {
  const palette = usePalette();
  const writes = useWrites();
  const creation = writes.find('activity.create', id);
  const refused = writes.parked('activity.rename', id);
  const waiting = writes.waiting(id);
  const { activity, query } = useActivity(id, creation === undefined);
  const now = useNow();

  return (
    <View style={styles.page}>
      <View style={[styles.head, { borderColor: palette.line }]}>
        <View style={styles.top}>
          <Button look="plain" label="Back to all activities" onPress={onBack} testID="back" style={styles.back}><Words tone="soft" size={32} style={styles.chevron}>‹</Words></Button>
          <View style={styles.grow}>
            {activity !== undefined && (
              <>
                <Title activity={activity} />
                <View style={styles.meta}>
                  <Words tone="soft" size={14}>{displayName(activity.createdBy)}</Words>
                  <Words tone="soft" size={14}>{creation === undefined ? ago(activity.createdAt, now) : creation.state === 'parked' ? 'not sent' : 'not sent yet'}</Words>
                  <Words tone="soft" size={14}>{`${activity.participantCount} going`}</Words>
                  {waiting > 0 && <Words tone="sun" size={14} bold testID="waiting">{`${waiting} waiting`}</Words>}
                </View>
              </>
            )}
          </View>
        </View>
        {activity !== undefined && (
          <View style={styles.actions}>
            <Join activity={activity} />
            <LikeButton activity={activity} large />
            <Cheer activityId={id} onServer={creation === undefined} />
          </View>
        )}
        {activity !== undefined && refused !== undefined && (
          <View style={[styles.refused, { backgroundColor: palette.alarmWash }]} accessibilityRole="alert" testID="refused-title">
            <Words bold>{`Your title “${wordsOf(refused) ?? ''}” was not taken`}</Words>
            <Words tone="alarm" size={14}>{reason(refused, activity.title)}</Words>
            <Parked write={refused} name="title" />
          </View>
        )}
      </View>
      {activity !== undefined ? <Chat activity={activity} creation={creation} user={user} /> : !query.isLoading && <QueryNotice query={query} what="This activity" />}
    </View>
  );
}

/** The title, and for those who are going the way to another one. */
function Title({ activity }: { activity: Activity }) {
  const palette = usePalette();
  const [draft, setDraft] = useState<string | null>(null);
  const rename = useOfflineMutation(renameActivity);
  if (draft === null) {
    return (
      <View style={styles.titleLine}>
        <Words heading bold size={21} testID="title" style={styles.shrink}>{activity.title}</Words>
        {activity.joined === true && <Button small look="plain" label="Rename" onPress={() => setDraft(activity.title)} testID="rename">Rename</Button>}
      </View>
    );
  }
  const submit = (): void => {
    const title = draft.trim();
    if (title !== '' && title !== activity.title) rename.mutate({ activityId: activity.id, title, version: activity.version });
    setDraft(null);
  };
  return (
    <View style={styles.editor}>
      <TextInput autoFocus selectTextOnFocus accessibilityLabel="Title" value={draft} onChangeText={setDraft} onSubmitEditing={submit} maxLength={120} testID="rename-title" style={[styles.input, { color: palette.ink, borderColor: palette.line, backgroundColor: palette.surface }]} />
      <View style={styles.row}>
        <Button small look="filled" disabled={draft.trim() === ''} onPress={submit} testID="rename-save">Save</Button>
        <Button small look="plain" onPress={() => setDraft(null)}>Cancel</Button>
      </View>
    </View>
  );
}

function Join({ activity }: { activity: Activity }) {
  const join = useOfflineMutation(joinActivity);
  const leave = useOfflineMutation(leaveActivity);
  const joined = activity.joined === true;
  return (
    <Button
      look={joined ? 'light' : 'filled'}
      pressed={joined}
      label={joined ? 'You are going. Leave' : 'Join'}
      onPress={() => (joined ? leave : join).mutate({ activityId: activity.id })}
      testID={joined ? 'leave' : 'join'}
    >
      {joined ? '✓ Going' : 'Join'}
    </Button>
  );
}

/** A counter that everybody may raise as often as they like: exactly once is Tidewire's promise alone. */
function Cheer({ activityId, onServer }: { activityId: string; onServer: boolean }) {
  const { data } = useCheers(activityId, onServer);
  const cheer = useOfflineMutation(cheerActivity);
  return (
    <Button look="quiet" disabled={data === undefined} onPress={() => cheer.mutate({ activityId })} testID="cheer">
      <Words bold>Cheer</Words>
      {data !== undefined && <Words tone="soft" bold testID="cheer-count">{String(data.cheers)}</Words>}
    </Button>
  );
}

const styles = StyleSheet.create({
  page: { flex: 1, minHeight: 0, width: '100%', maxWidth: 640, alignSelf: 'center' },
  head: { paddingTop: 8, paddingBottom: 12, borderBottomWidth: 1, gap: 12 },
  top: { flexDirection: 'row', alignItems: 'flex-start', paddingRight: 16 },
  back: { paddingHorizontal: 0 },
  chevron: { lineHeight: 36, marginTop: -4 },
  grow: { flex: 1, minWidth: 0, paddingTop: 6 },
  meta: { flexDirection: 'row', flexWrap: 'wrap', columnGap: 12, marginTop: 2 },
  actions: { flexDirection: 'row', flexWrap: 'wrap', gap: 8, paddingHorizontal: 16 },
  refused: { marginHorizontal: 16, padding: 14, borderRadius: 14, gap: 6 },
  titleLine: { flexDirection: 'row', alignItems: 'flex-start', justifyContent: 'space-between', gap: 6, marginRight: -12 },
  editor: { gap: 8, marginBottom: 4 },
  row: { flexDirection: 'row', gap: 6 },
  shrink: { flexShrink: 1 },
  input: { minHeight: 44, borderWidth: 1, borderRadius: 12, paddingHorizontal: 12, fontSize: 16 },
});
