// How an app tells the hooks its events: `declare module '@tidewire/react' { interface Register { events: MyEvents } }`.

import type { AnyEvents } from '@tidewire/client';

// eslint-disable-next-line @typescript-eslint/no-empty-interface
export interface Register {}

export type RegisteredEvents = Register extends { events: infer E extends object } ? E : AnyEvents;
