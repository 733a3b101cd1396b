// What its person may do about a write that was not sent: try it again, change its words, or give it up.
import type { WriteSnapshot } from '@tidewire/client';
import { useRepair } from 'activities-shared/outbox/useRepair.ts';
import { useState } from 'react';
import { StyleSheet, TextInput, View } from 'react-native';
import { usePalette } from '../theme';
import { Button } from './parts';

export function Parked({ write, name }: { write: WriteSnapshot; name: string }) {
  const palette = usePalette();
  const { words, retry, send, discard } = useRepair(write);
  const [draft, setDraft] = useState<string | null>(null);

  if (draft !== null) {
    const submit = (): void => {
      if (send(draft)) setDraft(null);
    };
    return (
      <View style={styles.edit}>
        <TextInput autoFocus multiline numberOfLines={1} accessibilityLabel="Other words" value={draft} onChangeText={setDraft} maxLength={4000} style={[styles.input, { color: palette.ink, borderColor: palette.line, backgroundColor: palette.surface }]} testID={`${name}-words`} />
        <View style={styles.row}>
          <Button small look="filled" disabled={draft.trim() === ''} onPress={submit} testID={`${name}-save`}>Send</Button>
          <Button small look="plain" onPress={() => setDraft(null)}>Cancel</Button>
        </View>
      </View>
    );
  }
  return (
    <View style={styles.row}>
      <Button small onPress={retry} testID={`${name}-retry`}>Retry</Button>
      {words !== undefined && <Button small look="plain" onPress={() => setDraft(words)} testID={`${name}-edit`}>Edit</Button>}
      <Button small look="plain" onPress={discard} testID={`${name}-discard`}>Discard</Button>
    </View>
  );
}

const styles = StyleSheet.create({
  edit: { gap: 8, alignSelf: 'stretch' },
  row: { flexDirection: 'row', gap: 6 },
  input: { borderWidth: 1, borderRadius: 12, paddingHorizontal: 12, paddingVertical: 8, fontSize: 16, minHeight: 44 },
});
