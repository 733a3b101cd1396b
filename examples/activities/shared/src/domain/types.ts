// What the app is about: the server's own types, made from its Rust code (A6). Knows nothing of transport or screens.
import type { Activity as PublicActivity, Person, ViewedActivity } from '../generated/server.ts';

export type { Cheers, Message } from '../generated/server.ts';

export type User = Person;

/** An activity on this screen. The viewer's own part comes with answers to a GET, never with events. */
export type Activity = PublicActivity & Partial<Pick<ViewedActivity, 'liked' | 'joined'>>;
