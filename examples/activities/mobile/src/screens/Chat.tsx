// The chat of an activity: for participants the chat itself, for others the way in. Newest at the bottom, as a list that is turned over.
import type { WriteSnapshot } from '@tidewire/client';
import { useOfflineMutation, useRoom, useSocketConnection } from '@tidewire/react';
import { thread } from 'activities-shared/chat/thread.ts';
import { useTypists } from 'activities-shared/chat/typing.ts';
import { useComposer } from 'activities-shared/chat/useComposer.ts';
import { useReadReceipts } from 'activities-shared/chat/useReadReceipts.ts';
import { displayName } from 'activities-shared/domain/names.ts';
import type { Activity, User } from 'activities-shared/domain/types.ts';
import { chatRoom } from 'activities-shared/tidewire/keys.ts';
import { joinActivity } from 'activities-shared/tidewire/mutations.ts';
import { useMessages } from 'activities-shared/tidewire/queries.ts';
import { useWrites } from 'activities-shared/tidewire/useWrites.ts';
import { useNow } from 'activities-shared/time/useNow.ts';
import { FlatList, StyleSheet, TextInput, View } from 'react-native';
import { Bubble } from '../parts/Bubble';
import { Button, Notice, Placeholder, Words } from '../parts/parts';
import { QueryNotice } from '../parts/QueryNotice';
import { usePalette } from '../theme';

export function Chat({ activity, creation, user }: { activity: Activity; creation: WriteSnapshot | undefined; user: User }) {
  const writes = useWrites();
  const join = useOfflineMutation(joinActivity);
  if (activity.joined !== true) {
    return (
      <Notice title="The chat is for those who are going" action={<Button onPress={() => join.mutate({ activityId: activity.id })} testID="join-to-chat">Join to chat</Button>}>
        Join, and you see what was said and can answer.
      </Notice>
    );
  }
  return <Messages activityId={activity.id} user={user} admitted={creation === undefined && writes.find('activity.join', activity.id) === undefined} />;
}

/** `admitted`: the server knows that this person belongs here. Until then it would give nothing away. */
function Messages({ activityId, user, admitted }: { activityId: string; user: User; admitted: boolean }) {
  const room = useRoom(admitted ? chatRoom(activityId) : null);
  const query = useMessages(activityId, admitted);
  const writes = useWrites();
  const now = useNow();
  useReadReceipts(query.data, user.id);

  if (query.data === undefined) {
    if (!admitted) return <Notice title="The chat opens once this is sent">That you are going is kept on this device, and goes out by itself when there is a connection.</Notice>;
    if (query.isError || query.isPaused) return <QueryNotice query={query} what="This chat" />;
    return <Loading />;
  }
  if (room === 'denied' && admitted && query.isError) return <Notice title="You are not in this chat any more" />;
  // A list that is turned over begins with the newest, and stays at the bottom by itself.
  const entries = thread(query.data, now).reverse();
  return (
    <View style={styles.grow}>
      {entries.length === 0 ? (
        <View style={styles.grow}><Notice title="No messages yet">Say hello: those who are going will see it.</Notice></View>
      ) : (
        <FlatList
          inverted
          style={styles.grow}
          contentContainerStyle={styles.messages}
          data={entries}
          keyExtractor={({ message }) => message.id}
          keyboardShouldPersistTaps="handled"
          renderItem={({ item }) => (
            <View>
              {item.day !== undefined && <Words tone="soft" size={13} bold style={styles.day}>{item.day}</Words>}
              <Bubble entry={item} mine={item.message.senderId === user.id} write={writes.find('message.send', item.message.id)} />
            </View>
          )}
        />
      )}
      <Typists activityId={activityId} userId={user.id} />
      <Composer activityId={activityId} userId={user.id} />
    </View>
  );
}

function Loading() {
  return (
    <View style={styles.loading} role="status" aria-label="Loading the chat">
      <Placeholder width="58%" height={36} />
      <Placeholder width="42%" height={36} />
      <Placeholder width="50%" height={36} style={styles.ownSide} />
    </View>
  );
}

/** A line that is there also when nobody types, so that nothing jumps. */
function Typists({ activityId, userId }: { activityId: string; userId: string }) {
  const { isConnected } = useSocketConnection();
  const known = useTypists(activityId, userId);
  // Without a connection nobody knows who stopped.
  const typists = isConnected ? known : [];
  const who = typists.length > 2 ? 'Several people are' : `${typists.map(displayName).join(' and ')} ${typists.length === 1 ? 'is' : 'are'}`;
  return (
    <View style={styles.typing} testID="typing" accessibilityLiveRegion="polite">
      {typists.length > 0 && <Words tone="soft" size={13}>{`${who} typing…`}</Words>}
    </View>
  );
}

function Composer({ activityId, userId }: { activityId: string; userId: string }) {
  const palette = usePalette();
  const { text, change, empty, submit } = useComposer(activityId, userId);
  return (
    <View style={[styles.composer, { borderColor: palette.line, backgroundColor: palette.surface }]}>
      <TextInput
        accessibilityLabel="Message"
        placeholder="Message"
        placeholderTextColor={palette.soft}
        value={text}
        onChangeText={change}
        multiline
        numberOfLines={1}
        maxLength={4000}
        testID="message-input"
        style={[styles.input, { color: palette.ink, backgroundColor: palette.sunken }]}
      />
      <Button look={empty ? 'quiet' : 'filled'} disabled={empty} label="Send" onPress={submit} testID="message-send" style={styles.send}>↑</Button>
    </View>
  );
}

const styles = StyleSheet.create({
  grow: { flex: 1, minHeight: 0 },
  loading: { flex: 1, justifyContent: 'flex-end', gap: 10, paddingHorizontal: 14, paddingBottom: 90 },
  ownSide: { alignSelf: 'flex-end' },
  messages: { paddingHorizontal: 14, paddingVertical: 12 },
  day: { textAlign: 'center', marginVertical: 10 },
  typing: { minHeight: 22, paddingHorizontal: 18 },
  composer: { flexDirection: 'row', alignItems: 'flex-end', gap: 8, padding: 10, borderTopWidth: 1 },
  input: { flex: 1, minWidth: 0, minHeight: 44, maxHeight: 120, borderRadius: 22, paddingHorizontal: 16, paddingTop: 11, paddingBottom: 11, fontSize: 16, lineHeight: 22 },
  send: { paddingHorizontal: 0 },
});
