// The small things that every screen is made of: text, buttons, a person's disc, a notice. They know no data.
import { displayName, initials, tintOf } from 'activities-shared/domain/names.ts';
import type { ReactNode } from 'react';
import { Pressable, StyleSheet, Text, View, type DimensionValue, type StyleProp, type TextStyle, type ViewStyle } from 'react-native';
import { usePalette, type Palette } from '../theme';

type Tone = 'ink' | 'soft' | 'tide' | 'sun' | 'alarm' | 'heart' | 'onTide';

export function Words({ children, tone = 'ink', size = 16, bold = false, lines, testID, style, heading }: {
  children: ReactNode;
  tone?: Tone;
  size?: number;
  bold?: boolean;
  lines?: number;
  testID?: string;
  style?: StyleProp<TextStyle>;
  heading?: boolean;
}) {
  const palette = usePalette();
  return (
    <Text
      style={[{ color: palette[tone], fontSize: size, lineHeight: Math.round(size * 1.35), fontWeight: bold ? '600' : '400' }, style]}
      {...(lines !== undefined && { numberOfLines: lines })}
      {...(testID !== undefined && { testID })}
      {...(heading === true && { accessibilityRole: 'header' as const })}
    >
      {children}
    </Text>
  );
}

const LOOKS: { readonly [look: string]: (palette: Palette) => { readonly background: string; readonly tone: Tone } } = {
  filled: (palette) => ({ background: palette.tide, tone: 'onTide' }),
  light: (palette) => ({ background: palette.wash, tone: 'tide' }),
  plain: () => ({ background: 'transparent', tone: 'soft' }),
  quiet: (palette) => ({ background: palette.sunken, tone: 'ink' }),
  heart: (palette) => ({ background: palette.heartWash, tone: 'heart' }),
};

/** At least 44 points in each direction, as fingers want it. */
export function Button({ children, onPress, look = 'light', label, pressed, disabled = false, testID, style, small = false }: {
  children: ReactNode;
  onPress: () => void;
  look?: 'filled' | 'light' | 'plain' | 'quiet' | 'heart';
  label?: string;
  pressed?: boolean;
  disabled?: boolean;
  testID?: string;
  style?: StyleProp<ViewStyle>;
  small?: boolean;
}) {
  const palette = usePalette();
  const { background, tone } = (LOOKS[look] ?? LOOKS['light']!)(palette);
  return (
    <Pressable
      accessibilityRole="button"
      {...(label !== undefined && { accessibilityLabel: label })}
      accessibilityState={{ disabled, ...(pressed !== undefined && { selected: pressed }) }}
      {...(pressed !== undefined && { 'aria-pressed': pressed })}
      disabled={disabled}
      hitSlop={small ? 6 : 0}
      onPress={onPress}
      {...(testID !== undefined && { testID })}
      style={({ pressed: down }) => [styles.button, small && styles.small, { backgroundColor: background, opacity: disabled ? 0.45 : down ? 0.7 : 1 }, style]}
    >
      {typeof children === 'string' ? <Words tone={tone} size={small ? 14 : 16} bold>{children}</Words> : children}
    </Pressable>
  );
}

export function Person({ id, size = 40, online = false }: { id: string; size?: number; online?: boolean }) {
  const palette = usePalette();
  const [background, letters] = palette.tints[tintOf(id, palette.tints.length)] ?? palette.tints[0]!;
  return (
    <View style={{ width: size, height: size }} {...(online ? { role: 'img' as const, 'aria-label': `${displayName(id)} is online` } : { 'aria-hidden': true })}>
      <View aria-hidden style={[styles.disc, { width: size, height: size, borderRadius: size / 2, backgroundColor: background }]}>
        <Text style={{ color: letters, fontWeight: '700', fontSize: size * 0.4 }}>{initials(id)}</Text>
      </View>
      {online && <View style={[styles.dot, { borderColor: palette.surface }]} />}
    </View>
  );
}

/** Where something will stand. */
export function Placeholder({ width, height, style }: { width: DimensionValue; height: number; style?: StyleProp<ViewStyle> }) {
  const palette = usePalette();
  return <View style={[{ width, height, borderRadius: height / 2, backgroundColor: palette.line }, style]} />;
}

export function Notice({ title, children, action, testID }: { title: string; children?: ReactNode; action?: ReactNode; testID?: string }) {
  return (
    <View style={styles.notice} {...(testID !== undefined && { testID })}>
      <Words bold size={18} style={styles.middle}>{title}</Words>
      {children !== undefined && <Words tone="soft" style={styles.middle}>{children}</Words>}
      {action}
    </View>
  );
}

const styles = StyleSheet.create({
  button: { minHeight: 44, minWidth: 44, paddingHorizontal: 18, borderRadius: 22, flexDirection: 'row', alignItems: 'center', justifyContent: 'center', gap: 8 },
  small: { minHeight: 34, paddingHorizontal: 12, borderRadius: 17 },
  disc: { alignItems: 'center', justifyContent: 'center' },
  dot: { position: 'absolute', right: -1, bottom: -1, width: 13, height: 13, borderRadius: 7, borderWidth: 2, backgroundColor: '#2f9e5b' },
  notice: { alignItems: 'center', gap: 10, paddingHorizontal: 32, paddingVertical: 48 },
  middle: { textAlign: 'center' },
});
