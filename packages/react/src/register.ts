// How an app tells the hooks its events: `declare module '@tidewire/react' { interface Register { events: MyEvents } }`.

import type { AnyEvents } from '@tidewire/client';

export interface Register {}

export type RegisteredEvents = Register extends { events: infer E extends object } ? E : AnyEvents;
