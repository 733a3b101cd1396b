// Which things on screen still wait for the server: the outbox, looked up by mutation and by what it is about.
import { useMemo } from 'react';
import { useOutbox } from '@tidewire/react';
import type { WriteSnapshot } from '@tidewire/client';

type Name = 'activity.create' | 'activity.join' | 'message.send';

export interface Writes {
  /** The write that is on its way, or parked, for this thing. */
  find(name: Name, id: string): WriteSnapshot | undefined;
  retry(id: string): boolean;
  discard(id: string): boolean;
}

export function useWrites(): Writes {
  const { pending, parked, retry, discard } = useOutbox();
  return useMemo(() => {
    const byThing = new Map([...pending, ...parked].map((write) => [`${write.name} ${thingOf(write) ?? ''}`, write]));
    return { find: (name, id) => byThing.get(`${name} ${id}`), retry, discard };
  }, [pending, parked, retry, discard]);
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
