// What its person may do about a write that was not sent, without the buttons: try it again, change its words, or give it up.
import type { WriteSnapshot } from '@tidewire/client';
import { useTidewire } from '@tidewire/react';
import { useActivities } from '../tidewire/queries.ts';
import { again, resend, wordsOf } from '../tidewire/repairs.ts';
import { activityOf } from '../tidewire/useWrites.ts';

export interface Repair {
  /** The words of the write that may be changed; undefined where there are none. */
  readonly words: string | undefined;
  readonly retry: () => void;
  /** Whether it was sent: nothing is no words. */
  readonly send: (words: string) => boolean;
  readonly discard: () => void;
}

export function useRepair(write: WriteSnapshot): Repair {
  const tw = useTidewire();
  const version = useActivities().data?.find((it) => it.id === activityOf(write))?.version;
  return {
    words: wordsOf(write),
    retry: () => again(tw, write, version),
    send: (words) => {
      const said = words.trim();
      if (said !== '') resend(tw, write, said, version);
      return said !== '';
    },
    discard: () => tw.discard(write.id),
  };
}
