// An app's events reach the hooks: an unknown name or a wrong payload does not compile (A6). A program of its own,
// because the declaration holds for the whole program.
import { useSocketEvent } from '@tidewire/react';

declare module '@tidewire/react' {
  interface Register {
    events: { 'a:b': { id: string } };
  }
}

export function right(): void {
  useSocketEvent({ event: 'a:b', onEvent: (payload) => void payload.id.length });
}

export function unknownName(): void {
  // @ts-expect-error no such event
  useSocketEvent({ event: 'a:c' });
}

export function wrongPayload(): void {
  // @ts-expect-error its payload is an object
  useSocketEvent({ event: 'a:b', onEvent: (payload: number) => void payload });
}
