// The top bar: the app's name, whether there is a connection, what waits to be sent, and who is signed in.
import { useOfflineQueueStatus, useTidewire } from '@tidewire/react';
import { displayName } from 'activities-shared/domain/names.ts';
import type { User } from 'activities-shared/domain/types.ts';
import { useState } from 'react';
import { StyleSheet, View } from 'react-native';
import { sessions } from '../device';
import { usePalette } from '../theme';
import { ConnectionLine } from './ConnectionLine';
import { Button, Person, Words } from './parts';

export function Header({ user, onOutbox }: { user: User; onOutbox: () => void }) {
  const palette = usePalette();
  const { count, parked } = useOfflineQueueStatus();
  const [leaving, setLeaving] = useState(false);
  return (
    <View style={[styles.frame, { backgroundColor: palette.surface, borderColor: palette.line }]}>
      <View style={styles.header}>
        <View style={styles.name}>
          <Words heading bold size={19}>Activities</Words>
          <ConnectionLine />
        </View>
        {count + parked > 0 && (
          <Button look={parked > 0 ? 'heart' : 'light'} onPress={onOutbox} testID="outbox" style={styles.badge}>
            {count > 0 && <Words tone="tide" size={13} bold lines={1}><Words tone="tide" size={13} bold testID="pending-badge">{String(count)}</Words> waiting</Words>}
            {parked > 0 && <Words tone="alarm" size={13} bold lines={1} testID="parked-badge">{`${parked} not sent`}</Words>}
          </Button>
        )}
        <Button look="plain" label={`Account of ${displayName(user.id)}`} onPress={() => setLeaving(!leaving)} testID="account" style={styles.account}>
          <Person id={user.id} size={34} />
        </Button>
      </View>
      {leaving && <Leave user={user} kept={count + parked} onStay={() => setLeaving(false)} />}
    </View>
  );
}

function Leave({ user, kept, onStay }: { user: User; kept: number; onStay: () => void }) {
  const tw = useTidewire();
  const leave = async (): Promise<void> => {
    // What was not sent waits on this phone until this person is back.
    await tw.logout({ unsent: 'keep' });
    sessions.signOut();
  };
  const name = displayName(user.id);
  return (
    <View style={styles.leave}>
      <View style={styles.name}>
        <Words bold size={15}>{`Signed in as ${name}`}</Words>
        {kept > 0 && <Words tone="soft" size={13}>{`${kept === 1 ? '1 change is' : `${kept} changes are`} kept for ${name}.`}</Words>}
      </View>
      <Button small look="plain" onPress={onStay}>Stay</Button>
      <Button small look="filled" onPress={() => void leave()} testID="sign-out">Sign out</Button>
    </View>
  );
}

const styles = StyleSheet.create({
  frame: { borderBottomWidth: 1 },
  header: { flexDirection: 'row', alignItems: 'center', gap: 6, minHeight: 58, paddingHorizontal: 16 },
  name: { flex: 1, minWidth: 0 },
  badge: { flexDirection: 'column', gap: 0, paddingHorizontal: 14, paddingVertical: 3 },
  account: { paddingHorizontal: 0, marginRight: -5 },
  leave: { flexDirection: 'row', alignItems: 'center', gap: 6, paddingLeft: 16, paddingRight: 12, paddingBottom: 10 },
});
