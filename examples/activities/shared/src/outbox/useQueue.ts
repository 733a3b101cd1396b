// What the queue shows: the writes that wait, and for a moment those that have just left, so that one sees them go.
import { useOutbox } from '@tidewire/react';
import type { WriteSnapshot } from '@tidewire/client';
import { useEffect, useState } from 'react';
import { shownNext, type LaneWrite } from './lanes.ts';

const MOMENT_MS = 2_600;

interface Seen {
  readonly pending: readonly WriteSnapshot[];
  readonly shown: readonly LaneWrite[];
}

export function useQueue(): readonly LaneWrite[] {
  const { pending, parked } = useOutbox();
  const [seen, setSeen] = useState<Seen>(() => ({ pending, shown: shownNext([], pending, parked) }));
  if (seen.pending !== pending) setSeen({ pending, shown: shownNext(seen.shown, pending, parked) });
  const { shown } = seen;
  const left = shown.some(({ gone }) => gone);
  useEffect(() => {
    if (!left) return;
    // All that have left go together, once no other one has for a moment.
    const timer = setTimeout(() => setSeen((now) => ({ ...now, shown: now.shown.filter(({ gone }) => !gone) })), MOMENT_MS);
    return () => clearTimeout(timer);
  }, [left, shown]);
  return shown;
}
