// Who are you? Two people to choose from, or a name. There is no password.
import { displayName } from 'activities-shared/domain/names.ts';
import { nameIn, PEOPLE, useSignIn } from 'activities-shared/session/useSignIn.ts';
import { useState } from 'react';
import { Pressable, ScrollView, StyleSheet, TextInput, View } from 'react-native';
import { sessions } from '../device';
import { Button, Person, Words } from '../parts/parts';
import { usePalette } from '../theme';

export function SignIn({ ended }: { ended: boolean }) {
  const palette = usePalette();
  const [name, setName] = useState('');
  const { busy, error, enter } = useSignIn(sessions);
  const who = nameIn(name);
  const submit = (): void => {
    if (who !== null) enter(who);
  };

  return (
    <ScrollView style={{ backgroundColor: palette.canvas }} contentContainerStyle={styles.page} keyboardShouldPersistTaps="handled">
      <View style={styles.column}>
        <View style={[styles.mark, { backgroundColor: palette.tide }]}>
          <Words tone="onTide" size={34} bold>≈</Words>
        </View>
        <Words heading size={32} bold>Activities</Words>
        <Words tone="soft" size={17} style={styles.lead}>Plan things together. It keeps working where the network doesn’t.</Words>
        <Words tone="soft" size={14} bold>Continue as</Words>
        <View style={[styles.people, { backgroundColor: palette.surface, borderColor: palette.line }]}>
          {PEOPLE.map((person, at) => (
            <Pressable
              key={person.name}
              accessibilityRole="button"
              disabled={busy !== null}
              onPress={() => enter(person.name)}
              testID={`login-${person.name}`}
              style={({ pressed }) => [styles.person, at > 0 && { borderTopWidth: 1, borderColor: palette.line }, { opacity: busy !== null ? 0.5 : pressed ? 0.7 : 1 }]}
            >
              <Person id={person.name} size={44} />
              <View style={styles.grow}>
                <Words bold>{displayName(person.name)}</Words>
                <Words tone="soft" size={14}>{person.about}</Words>
              </View>
              <Words tone="soft" size={22}>›</Words>
            </Pressable>
          ))}
        </View>
        <Words tone="soft" size={14} bold style={styles.other}>Or with another name</Words>
        <View style={styles.row}>
          <TextInput
            accessibilityLabel="Your name"
            placeholder="Your name"
            placeholderTextColor={palette.soft}
            value={name}
            onChangeText={setName}
            onSubmitEditing={submit}
            maxLength={20}
            autoCapitalize="none"
            autoCorrect={false}
            testID="login-name"
            style={[styles.input, { color: palette.ink, borderColor: palette.line, backgroundColor: palette.surface }]}
          />
          <Button look="filled" disabled={who === null || busy !== null} onPress={submit} label="Sign in with this name" testID="login-submit">→</Button>
        </View>
        {/* There is room for it before it comes: nothing moves away from a finger. */}
        <View style={styles.foot}>
          {error !== null ? (
            <View style={[styles.alert, { backgroundColor: palette.alarmWash }]} accessibilityRole="alert">
              <Words tone="alarm" size={15}>{error}</Words>
            </View>
          ) : ended && (
            <View style={[styles.alert, { backgroundColor: palette.wash }]}>
              <Words tone="tide" size={15}>Your session has ended. Changes that were not sent are kept until you are back.</Words>
            </View>
          )}
        </View>
      </View>
    </ScrollView>
  );
}

const styles = StyleSheet.create({
  page: { flexGrow: 1, justifyContent: 'center', alignItems: 'center', paddingHorizontal: 20, paddingVertical: 40 },
  column: { width: '100%', maxWidth: 400, gap: 8 },
  mark: { width: 52, height: 52, borderRadius: 16, alignItems: 'center', justifyContent: 'center', marginBottom: 12 },
  lead: { marginBottom: 20 },
  alert: { padding: 14, borderRadius: 12 },
  foot: { minHeight: 92, paddingTop: 8 },
  people: { borderWidth: 1, borderRadius: 16, overflow: 'hidden' },
  person: { flexDirection: 'row', alignItems: 'center', gap: 14, padding: 14 },
  grow: { flex: 1 },
  other: { marginTop: 16 },
  row: { flexDirection: 'row', gap: 8 },
  input: { flex: 1, minWidth: 0, minHeight: 46, borderWidth: 1, borderRadius: 14, paddingHorizontal: 14, fontSize: 16 },
});
