// What its person may do about a write that was not sent: try it again, change its words, or give it up.
import type { WriteSnapshot } from '@tidewire/client';
import { useTidewire } from '@tidewire/react';
import { useState } from 'react';
import { StyleSheet, TextInput, View } from 'react-native';
import { usePalette } from '../theme';
import { activityOf, again, resend, useActivities, wordsOf } from '../tidewire/shared';
import { Button } from './parts';

export function Parked({ write, name }: { write: WriteSnapshot; name: string }) {
  const tw = useTidewire();
  const palette = usePalette();
  const version = useActivities().data?.find((it) => it.id === activityOf(write))?.version;
  const [draft, setDraft] = useState<string | null>(null);
  const words = wordsOf(write);

  if (draft !== null) {
    const send = (): void => {
      if (draft.trim() === '') return;
      resend(tw, write, draft.trim(), version);
      setDraft(null);
    };
    return (
      <View style={styles.edit}>
        <TextInput autoFocus multiline numberOfLines={1} accessibilityLabel="Other words" value={draft} onChangeText={setDraft} maxLength={4000} style={[styles.input, { color: palette.ink, borderColor: palette.line, backgroundColor: palette.surface }]} testID={`${name}-words`} />
        <View style={styles.row}>
          <Button small look="filled" disabled={draft.trim() === ''} onPress={send} testID={`${name}-save`}>Send</Button>
          <Button small look="plain" onPress={() => setDraft(null)}>Cancel</Button>
        </View>
      </View>
    );
  }
  return (
    <View style={styles.row}>
      <Button small onPress={() => again(tw, write, version)} testID={`${name}-retry`}>Retry</Button>
      {words !== undefined && <Button small look="plain" onPress={() => setDraft(words)} testID={`${name}-edit`}>Edit</Button>}
      <Button small look="plain" onPress={() => tw.discard(write.id)} testID={`${name}-discard`}>Discard</Button>
    </View>
  );
}

const styles = StyleSheet.create({
  edit: { gap: 8, alignSelf: 'stretch' },
  row: { flexDirection: 'row', gap: 6 },
  input: { borderWidth: 1, borderRadius: 12, paddingHorizontal: 12, paddingVertical: 8, fontSize: 16, minHeight: 44 },
});
