// One message, and for one's own how far it has come: waiting, at the server, read.
import type { WriteSnapshot } from '@tidewire/client';
import type { Entry } from 'activities-shared/chat/thread.ts';
import { displayName } from 'activities-shared/domain/names.ts';
import { reason } from 'activities-shared/outbox/words.ts';
import { useOnline } from 'activities-shared/presence/Presence.tsx';
import { clockTime } from 'activities-shared/time/words.ts';
import { StyleSheet, View } from 'react-native';
import { usePalette } from '../theme';
import { Parked } from './Parked';
import { Person, Words } from './parts';

export function Bubble({ entry, mine, write }: { entry: Entry; mine: boolean; write: WriteSnapshot | undefined }) {
  const palette = usePalette();
  const online = useOnline();
  const { message, first, last } = entry;
  const parked = write?.state === 'parked';
  const background = parked ? palette.alarmWash : mine ? palette.mine : palette.theirs;
  return (
    <View style={[styles.line, mine && styles.mine, first && styles.first]}>
      {!mine && <View style={styles.face}>{last && <Person id={message.senderId} size={30} online={online.has(message.senderId)} />}</View>}
      <View style={[styles.stack, mine && styles.right]}>
        {!mine && first && <Words tone="soft" size={13} bold style={styles.sender}>{displayName(message.senderId)}</Words>}
        <View style={[styles.bubble, { backgroundColor: background }, last && (mine ? styles.tailMine : styles.tailTheirs)]}>
          <Words testID="message-text" style={styles.text}>{message.text}</Words>
          <View style={styles.foot}>
            <Words tone="soft" size={12}>{clockTime(message.createdAt)}</Words>
            {mine && <Tick write={write} readBy={entry.readBy} />}
          </View>
        </View>
        {parked && (
          <View style={styles.parked} accessibilityRole="alert" testID="parked">
            <Words tone="alarm" size={14}>{`Not sent. ${reason(write)}`}</Words>
            <Parked write={write} name="parked" />
          </View>
        )}
      </View>
    </View>
  );
}

function Tick({ write, readBy }: { write: WriteSnapshot | undefined; readBy: readonly string[] }) {
  const [sign, name, tone] =
    write?.state === 'parked'
      ? (['!', 'Not sent', 'alarm'] as const)
      : write !== undefined
        ? (['◷', 'Waiting to be sent', 'sun'] as const)
        : readBy.length > 0
          ? (['✓✓', `Read by ${readBy.map(displayName).join(', ')}`, 'tide'] as const)
          : (['✓', 'Sent', 'soft'] as const);
  return (
    <View accessible accessibilityRole="image" accessibilityLabel={name} testID={`tick-${name.split(' ')[0]?.toLowerCase() ?? ''}`}>
      <Words tone={tone} size={12} bold>{sign}</Words>
    </View>
  );
}

const styles = StyleSheet.create({
  line: { flexDirection: 'row', alignItems: 'flex-end', gap: 8, marginTop: 3 },
  mine: { justifyContent: 'flex-end' },
  first: { marginTop: 10 },
  face: { width: 30 },
  stack: { alignItems: 'flex-start', maxWidth: '80%', flexShrink: 1 },
  right: { alignItems: 'flex-end' },
  sender: { marginLeft: 12, marginBottom: 3 },
  bubble: { borderRadius: 17, paddingHorizontal: 12, paddingVertical: 7, flexDirection: 'row', flexWrap: 'wrap', justifyContent: 'flex-end', alignItems: 'flex-end', columnGap: 10 },
  tailMine: { borderBottomRightRadius: 5 },
  tailTheirs: { borderBottomLeftRadius: 5 },
  // It takes the whole line where the time has gone to the next.
  text: { flexShrink: 1, flexGrow: 1 },
  foot: { flexDirection: 'row', gap: 4 },
  parked: { gap: 6, marginTop: 4, alignItems: 'flex-end' },
});
