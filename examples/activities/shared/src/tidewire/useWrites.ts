// Which things on screen still wait for the server: the outbox, looked up by mutation and by what it is about.
import { useMemo } from 'react';
import { useOutbox } from '@tidewire/react';
import type { WriteSnapshot } from '@tidewire/client';

type Name = 'activity.create' | 'activity.join' | 'activity.rename' | 'message.send';

export interface Writes {
  /** The write that is on its way, or parked, for this thing. */
  find(name: Name, id: string): WriteSnapshot | undefined;
  /** How many writes about this activity wait, and which of them is parked. */
  waiting(activityId: string): number;
  parked(name: Name, activityId: string): WriteSnapshot | undefined;
}

export function useWrites(): Writes {
  const { pending, parked } = useOutbox();
  return useMemo(() => {
    const byThing = new Map([...pending, ...parked].map((write) => [`${write.name} ${thingOf(write) ?? ''}`, write]));
    const counts = new Map<string, number>();
    for (const write of pending) {
      const activity = activityOf(write);
      if (activity !== undefined && write.name !== 'message.read') counts.set(activity, (counts.get(activity) ?? 0) + 1);
    }
    return {
      find: (name, id) => byThing.get(`${name} ${id}`),
      waiting: (id) => counts.get(id) ?? 0,
      parked: (name, id) => parked.find((write) => write.name === name && activityOf(write) === id),
    };
  }, [pending, parked]);
}

/** The message, or else the activity, that a write is about. */
export function thingOf(write: WriteSnapshot): string | undefined {
  return field(write, 'messageId') ?? activityOf(write);
}

export function activityOf(write: WriteSnapshot): string | undefined {
  return field(write, 'activityId');
}

function field({ variables }: WriteSnapshot, name: string): string | undefined {
  if (typeof variables !== 'object' || variables === null) return undefined;
  const value: unknown = Reflect.get(variables, name);
  return typeof value === 'string' ? value : undefined;
}
