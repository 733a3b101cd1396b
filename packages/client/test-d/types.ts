// Type test: this file compiles, and each line below `@ts-expect-error` does not on its own. Run by `tsc -p tsconfig.json`; never executed.
import { createTidewire, defineMutation, defineRules, insert, invalidate, patch, plain, reliable, remove, volatile, type Tidewire } from '../src/index.js';

interface Activity {
  id: string;
  title: string;
  likeCount: number;
  liked?: boolean;
}

interface Events {
  'activity:like_added': { activityId: string; likeCount: number; userId: string };
  'message:new': { id: string; activityId: string; text: string };
  'typing:start': { chatId: string };
  pair: (left: number, right: string) => void;
  refresh: undefined;
}

declare const tw: Tidewire<Events>;

// ---- A6 names and payloads of events
tw.on('message:new', (message, { own, replayed, room }) => {
  const text: string = message.text;
  const flags: [boolean, boolean, string | undefined] = [own, replayed, room];
  void [text, flags];
});
// @ts-expect-error an unknown name
tw.on('message:nwe', () => undefined);
// @ts-expect-error a field that the payload does not have
tw.on('message:new', (message) => message.body);
// @ts-expect-error a handler for another payload
tw.on('message:new', (payload: { likeCount: number }) => payload.likeCount);
tw.on('pair', (left) => left.toFixed());

tw.emit('typing:start', { chatId: '1' });
tw.emit('pair', 1, 'x');
tw.emit('refresh');
void tw.emitWithAck('typing:start', { chatId: '1' });
// @ts-expect-error an unknown name
tw.emit('typing:strat', { chatId: '1' });
// @ts-expect-error a wrong payload
tw.emit('typing:start', { chatId: 1 });
// @ts-expect-error no payload
tw.emit('typing:start');
// @ts-expect-error arguments in the wrong order
tw.emit('pair', 'x', 1);

// ---- mutations
const like = defineMutation<string>({
  name: 'like',
  version: 1,
  request: (id) => ({ method: 'POST', path: `/api/activities/${id}/like` }),
  optimistic: (id, cache) => cache.patch<Activity>('activity', id, (a) => (a.liked ? a : { ...a, liked: true, likeCount: a.likeCount + 1 })),
});
tw.submit(like, 'a1');
tw.submit('like', 'a1');
tw.submit({ method: 'PUT', path: '/x', body: 1 });
// @ts-expect-error variables of another type
tw.submit(like, 1);
// @ts-expect-error no path
tw.submit({ method: 'PUT' });
// @ts-expect-error the entity keeps its fields
defineMutation<string>({ name: 'n', version: 1, request: (path) => ({ method: 'POST', path }), optimistic: (id, cache) => cache.patch<Activity>('activity', id, () => ({ id })) });

// ---- rules
const rules = defineRules<Events>({
  entities: { activity: { id: 'id', keys: [['activities'], ['activity']] } },
  rooms: { activities: () => [['activities']], 'activity_:id': ({ id }) => [['messages', id]] },
  on: {
    'activity:like_added': patch(
      'activity',
      (p) => p.activityId,
      (a: Activity, p, { user }) => ({ ...a, likeCount: p.likeCount, liked: p.userId === user ? true : a.liked ?? false }),
    ),
    'message:new': [insert((p) => ['messages', p.activityId], (p) => p, { at: 'end', entity: 'message' }), invalidate((p) => [['activity', p.activityId]])],
  },
});
defineRules<Events>({ on: { 'message:new': remove('message', (p) => p.id) } });
// @ts-expect-error an unknown name
defineRules<Events>({ on: { 'message:nwe': remove('message', () => '') } });
// @ts-expect-error a field that the payload does not have
defineRules<Events>({ on: { 'message:new': remove('message', (p) => p.messageId) } });

// ---- the client
const made: Tidewire<Events> = createTidewire<Events>({ url: '', user: 'ana', token: () => null, mutations: [like], rules });
createTidewire({ url: '', user: 'ana' }).on('anything', (payload, { args }) => [payload, args]);
// @ts-expect-error rules of other events
createTidewire<{ other: number }>({ url: '', user: 'ana', rules });
// @ts-expect-error no user
createTidewire({ url: '' });

// ---- states have only their own data (C10)
const state = made.connection.get();
if (state.status === 'waiting') void state.nextAttemptAt;
// @ts-expect-error only a waiting connection has a next attempt
void state.nextAttemptAt;

// ---- C6 classes of emits belong to the definitions of events
createTidewire<Events>({ url: '', user: 'ana', emits: { 'typing:start': volatile({ key: ({ chatId }) => chatId }), 'message:new': reliable() } });
// @ts-expect-error an unknown name
createTidewire<Events>({ url: '', user: 'ana', emits: { 'typing:strat': reliable() } });
// @ts-expect-error a key from a field that the payload does not have
createTidewire<Events>({ url: '', user: 'ana', emits: { 'typing:start': volatile<{ roomId: string }>({ key: ({ roomId }) => roomId }) } });
tw.emit('typing:start', { chatId: 'c' }, plain());
tw.emit('pair', 1, 'two', reliable());
// @ts-expect-error a class that is none
tw.emit('typing:start', { chatId: 'c' }, { class: 'reliable' });
// @ts-expect-error the payload is missing
tw.emit('typing:start');

// ---- C1 a namespace has its own events
interface Admin {
  audit: { who: string };
}
tw.namespace<Admin>('/admin').on('audit', ({ who }) => who.length);
// @ts-expect-error an event of the other namespace
tw.namespace<Admin>('/admin').on('message:new', () => undefined);

// ---- Q7 Q10 Q21 what a definition says of its own variables is checked, and any definition fits the list
const edit = defineMutation<{ id: string; title: string }>({
  name: 'edit',
  version: 2,
  request: ({ id }) => ({ method: 'PATCH', path: `/api/${id}` }),
  upcast: (old) => ({ id: String(old), title: '' }),
  onConflict: ({ variables, data }) => (data === null ? 'park' : { variables: { ...variables, title: 'both' } }),
  tempIds: ({ id }) => [id],
});
createTidewire<Events>({ url: '', user: 'ana', mutations: [edit] });
tw.edit('w1', edit, { id: 'a', title: 'b' });
// @ts-expect-error variables of another mutation
tw.edit('w1', edit, 7);
// @ts-expect-error an upcaster that gives something else
defineMutation<{ id: string }>({ name: 'x', version: 2, request: () => ({ method: 'POST', path: '/' }), upcast: () => 7 });
// @ts-expect-error neither a request nor a function
defineMutation<string>({ name: 'x', version: 1 });
void tw.logout({ unsent: 'keep' });
// @ts-expect-error the app must say what becomes of unsent writes
void tw.logout({});
