// Who is typing in a chat, and telling the others that one is. Nothing of it is kept: it is told to those who are there now, or not at all.
import { useSocketEvent, useTidewire } from '@tidewire/react';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Events } from '../tidewire/events.ts';

/** Told again while it goes on, given up after a pause, and forgotten by others when it was not told again. */
const AGAIN_MS = 3_000;
const PAUSE_MS = 5_000;
const FORGOTTEN_MS = 8_000;

/** Ids of the others who type, in the order in which they began. */
export function useTypists(activityId: string, userId: string): readonly string[] {
  const [typists, setTypists] = useState<readonly string[]>([]);
  const timers = useRef(new Map<string, ReturnType<typeof setTimeout>>());

  const stopped = useCallback((who: string) => {
    clearTimeout(timers.current.get(who));
    timers.current.delete(who);
    setTypists((now) => (now.includes(who) ? now.filter((it) => it !== who) : now));
  }, []);
  useEffect(() => {
    const running = timers.current;
    return () => running.forEach((timer) => clearTimeout(timer));
  }, []);

  useSocketEvent<Events, 'typing:start'>({
    event: 'typing:start',
    onEvent: ({ activityId: where, userId: who }) => {
      if (where !== activityId || who === userId) return;
      clearTimeout(timers.current.get(who));
      timers.current.set(who, setTimeout(() => stopped(who), FORGOTTEN_MS));
      setTypists((now) => (now.includes(who) ? now : [...now, who]));
    },
  });
  useSocketEvent<Events, 'typing:stop'>({ event: 'typing:stop', onEvent: ({ activityId: where, userId: who }) => where === activityId && stopped(who) });
  // What they typed is here.
  useSocketEvent<Events, 'message:new'>({ event: 'message:new', onEvent: ({ activityId: where, senderId: who }) => where === activityId && stopped(who) });
  return typists;
}

/** To be called with what the field holds, at each change. */
export function useTellTyping(activityId: string, userId: string): (text: string) => void {
  const tw = useTidewire<Events>();
  const told = useRef(Number.NEGATIVE_INFINITY);
  const pause = useRef<ReturnType<typeof setTimeout>>(undefined);

  const stop = useCallback(() => {
    clearTimeout(pause.current);
    if (told.current === Number.NEGATIVE_INFINITY) return;
    told.current = Number.NEGATIVE_INFINITY;
    tw.emit('typing:stop', { activityId, userId });
  }, [tw, activityId, userId]);
  useEffect(() => stop, [stop]);

  return useCallback(
    (text) => {
      if (text.trim() === '') return stop();
      clearTimeout(pause.current);
      pause.current = setTimeout(stop, PAUSE_MS);
      const now = performance.now();
      if (now - told.current < AGAIN_MS) return;
      told.current = now;
      tw.emit('typing:start', { activityId, userId });
    },
    [tw, activityId, userId, stop],
  );
}
