// Writes that have left the queue a moment ago: shown with a tick before they go, so that one sees them go.
import { useOutbox } from '@tidewire/react';
import type { WriteSnapshot } from '@tidewire/client';
import { useEffect, useState } from 'react';

const MOMENT_MS = 2_600;

interface Seen {
  readonly pending: readonly WriteSnapshot[];
  readonly gone: readonly WriteSnapshot[];
}

export function useJustSent(): readonly WriteSnapshot[] {
  const { pending, parked } = useOutbox();
  const [seen, setSeen] = useState<Seen>({ pending, gone: [] });
  if (seen.pending !== pending) {
    const kept = new Set([...pending, ...parked].map(({ id }) => id));
    const left = seen.pending.filter(({ id }) => !kept.has(id));
    setSeen({ pending, gone: left.length === 0 ? seen.gone : [...seen.gone, ...left] });
  }
  const { gone } = seen;
  useEffect(() => {
    if (gone.length === 0) return;
    const timer = setTimeout(() => setSeen((now) => ({ ...now, gone: now.gone.filter((write) => !gone.includes(write)) })), MOMENT_MS);
    return () => clearTimeout(timer);
  }, [gone]);
  return gone;
}
