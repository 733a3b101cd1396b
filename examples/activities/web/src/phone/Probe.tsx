// The phone's half of the demo: tells the page around it how it stands, and does what that page asks. Draws nothing.
import { useOfflineQueueStatus, useOutbox, useSocketConnection, useTidewire } from '@tidewire/react';
import type { WriteSnapshot } from '@tidewire/client';
import { useEffect } from 'react';
import type { Events } from 'activities-shared/tidewire/events.ts';
import { thingOf } from 'activities-shared/tidewire/useWrites.ts';
import { tunnel, useTunnel } from '../tunnel.ts';
import { connectedNow, exactly, report, watchTouches } from './probe.ts';
import { told, type Kept, type Wish } from './report.ts';
import { ABOUT } from './what.ts';

const kept = (write: WriteSnapshot): Kept => ({ write: write.id, what: write.name, thing: thingOf(write) ?? '' });

export function Probe() {
  const tw = useTidewire();
  const { pending, parked } = useOutbox();
  const { ready } = useOfflineQueueStatus();
  const { isConnected, status } = useSocketConnection();
  const dark = useTunnel();

  useEffect(watchTouches, []);
  useEffect(() => connectedNow(isConnected), [isConnected]);
  useEffect(() => {
    if (!ready) return;
    const connection = isConnected ? 'online' : dark || status === 'paused' ? 'offline' : 'connecting';
    report({ kind: 'state', connection, dark, pending: pending.map(kept), parked: parked.map(kept) });
  }, [ready, isConnected, status, dark, pending, parked]);

  useEffect(() => {
    const names = Object.keys(ABOUT) as (keyof Events)[];
    const stops = names.map((name) =>
      tw.listen(name, (payload, { own }) => {
        if (own) return;
        const about = (ABOUT[name] as (payload: unknown) => ReturnType<NonNullable<(typeof ABOUT)[typeof name]>>)(payload);
        // In the frame after the one in which it is drawn, it is on the screen.
        requestAnimationFrame(() => requestAnimationFrame(() => report({ kind: 'heard', ...about, at: exactly() })));
      }),
    );
    return () => stops.forEach((stop) => stop());
  }, [tw]);

  useEffect(() => {
    const hear = (event: MessageEvent<unknown>): void => {
      const wish = event.source === window.parent ? told<Wish>(event) : undefined;
      if (wish?.kind === 'tunnel') tunnel.set(wish.dark, wish.losing);
    };
    window.addEventListener('message', hear);
    return () => window.removeEventListener('message', hear);
  }, []);
  return null;
}
