// A person as a tinted disc with initials; the same tint everywhere.
import { Avatar } from '@mantine/core';
import { displayName, initials, tintOf } from 'activities-shared/domain/names.ts';

const TINTS = [
  { '--avatar-bg': 'light-dark(#d6ecec, #1d4348)', '--avatar-color': 'light-dark(#0b5b63, #8fd6d6)' },
  { '--avatar-bg': 'light-dark(#f6dfd5, #482a1f)', '--avatar-color': 'light-dark(#8d4220, #f0b295)' },
  { '--avatar-bg': 'light-dark(#e3e0f5, #322e52)', '--avatar-color': 'light-dark(#4f449a, #bdb4f3)' },
  { '--avatar-bg': 'light-dark(#f5e6c4, #44371a)', '--avatar-color': 'light-dark(#75540a, #e7c679)' },
  { '--avatar-bg': 'light-dark(#dcebd4, #2b4023)', '--avatar-color': 'light-dark(#3c6526, #aed69b)' },
  { '--avatar-bg': 'light-dark(#f5dbe4, #482637)', '--avatar-color': 'light-dark(#8c2f55, #f0a9c4)' },
];

export function PersonAvatar({ id, size = 36 }: { id: string; size?: number }) {
  const tint = TINTS[tintOf(id, TINTS.length)];
  return (
    <Avatar size={size} radius="xl" title={displayName(id)} aria-hidden styles={{ root: { ...tint }, placeholder: { fontWeight: 650, border: 0 } }}>
      {initials(id)}
    </Avatar>
  );
}
