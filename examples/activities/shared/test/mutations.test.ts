// Q17: a layer folded over a base that already has its write changes nothing. The cheer is the declared exception.
import { describe, expect, it } from 'vitest';
import type { LayerWriter, MutationDefinition, QueryKey } from '@tidewire/client';
import type { Activity, Message } from '../src/domain/types.ts';
import {
  cheerActivity, createActivity, joinActivity, leaveActivity, likeActivity, mutations, readMessage, renameActivity, sendMessage, unlikeActivity,
} from '../src/tidewire/mutations.ts';
import { rules } from '../src/tidewire/rules.ts';

const swim: Activity = {
  id: 'swim', title: 'Swim', createdBy: 'ben', createdAt: '2026-03-01T10:00:00Z', version: 1, likeCount: 1, participantCount: 1, liked: false, joined: false,
};
const hello: Message = { id: 'm1', activityId: 'swim', senderId: 'ben', text: 'Hello', createdAt: '2026-03-01T10:00:00Z', readBy: [] };

/** One layer folded over one item: only what the app's layers need of the real fold. */
function folded<V, T extends object>(definition: MutationDefinition<V>, variables: V, entity: string, item: T, id: string): T {
  let out = item;
  const writer: LayerWriter = {
    patch: <P extends object>(kind: string, of: string, fn: (it: P) => P) => {
      if (kind === entity && of === id) out = fn(out as unknown as P) as unknown as T;
    },
    insert: () => undefined,
    remove: () => undefined,
  };
  definition.optimistic?.(variables, writer, { user: 'ana', writeId: 'w1' });
  return out;
}

function inserted<V>(definition: MutationDefinition<V>, variables: V): { key: QueryKey; item: object }[] {
  const found: { key: QueryKey; item: object }[] = [];
  definition.optimistic?.(variables, { patch: () => undefined, remove: () => undefined, insert: (key, item) => void found.push({ key, item }) }, { user: 'ana', writeId: 'w1' });
  return found;
}

describe('layers', () => {
  const about = { activityId: 'swim' };

  it.each([
    { definition: likeActivity, before: swim, after: { ...swim, liked: true, likeCount: 2 } },
    { definition: unlikeActivity, before: { ...swim, liked: true }, after: { ...swim, liked: false, likeCount: 0 } },
    { definition: joinActivity, before: swim, after: { ...swim, joined: true, participantCount: 2 } },
    { definition: leaveActivity, before: { ...swim, joined: true }, after: { ...swim, joined: false, participantCount: 0 } },
  ])('Q17: $definition.name shows at once, and changes nothing where it is already known', ({ definition, before, after }) => {
    expect(folded(definition, about, 'activity', before, 'swim')).toEqual(after);
    expect(folded(definition, about, 'activity', after, 'swim')).toEqual(after);
  });

  it('Q17: activity.rename shows over the version that was seen, and leaves a newer one alone', () => {
    const variables = { ...about, title: 'Swim later', version: 1 };
    const renamed = folded(renameActivity, variables, 'activity', swim, 'swim');
    expect(renamed).toEqual({ ...swim, title: 'Swim later', version: 2 });
    expect(folded(renameActivity, variables, 'activity', renamed, 'swim')).toEqual(renamed);
    const theirs = { ...swim, title: 'Swim never', version: 2 };
    expect(folded(renameActivity, variables, 'activity', theirs, 'swim')).toEqual(theirs);
  });

  it('Q17: message.read adds the reader once', () => {
    const read = folded(readMessage, { activityId: 'a1', messageId: 'm1' }, 'message', hello, 'm1');
    expect(read.readBy).toEqual(['ana']);
    expect(folded(readMessage, { activityId: 'a1', messageId: 'm1' }, 'message', read, 'm1').readBy).toEqual(['ana']);
  });

  it('Q17: activity.cheer counts each time, which is why only the engine may say when its layer goes', () => {
    const once = folded(cheerActivity, about, 'cheers', { activityId: 'swim', cheers: 4 }, 'swim');
    expect(once.cheers).toBe(5);
    expect(folded(cheerActivity, about, 'cheers', once, 'swim').cheers).toBe(6);
  });

  it('Q7: what is created has its final id at once, in the layer and in the request', () => {
    const message = { activityId: 'swim', messageId: 'made-here', text: 'Hi', createdAt: '2026-03-01T10:00:00Z' };
    expect(inserted(sendMessage, message)).toMatchObject([{ key: ['messages', 'swim'], item: { id: 'made-here', senderId: 'ana' } }]);
    expect(sendMessage.request(message).body).toEqual({ id: 'made-here', text: 'Hi' });

    const activity = { activityId: 'made-here', title: 'Picnic', createdAt: '2026-03-01T10:00:00Z' };
    expect(inserted(createActivity, activity)).toMatchObject([{ key: ['activities'], item: { id: 'made-here', joined: true, participantCount: 1 } }]);
    expect(createActivity.request(activity).body).toEqual({ id: 'made-here', title: 'Picnic' });
  });
});

describe('definitions', () => {
  it('Q6: all writes about one activity share a lane, read receipts too (leaving must not overtake one), those about another do not', () => {
    const laneOf = (definition: { lane?: unknown }, activityId: string): unknown =>
      typeof definition.lane === 'function' ? definition.lane({ activityId }) : definition.lane;
    const about = [createActivity, joinActivity, leaveActivity, likeActivity, unlikeActivity, sendMessage, readMessage, cheerActivity];
    expect(new Set(about.map((definition) => laneOf(definition, 'swim'))).size).toBe(1);
    expect(laneOf(likeActivity, 'swim')).not.toBe(laneOf(likeActivity, 'run'));
  });

  it('Q13: a message that could not be sent stays on screen, a like does not', () => {
    expect(sendMessage.whenParked).toBe('keep');
    expect(likeActivity.whenParked).toBe('rollback');
  });

  it('Q18: every name is given to the client once', () => {
    const names = mutations.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain(sendMessage.name);
  });

  it('an id with a slash stays inside its path segment', () => {
    expect(likeActivity.request({ activityId: '../login' }).path).toBe('/api/activities/..%2Flogin/like');
  });
});

describe('rules (Y4)', () => {
  const apply = (name: 'activity:like_added' | 'activity:like_removed' | 'activity:user_joined' | 'activity:user_left', payload: never, item: Activity): object => {
    const rule = rules.on?.[name];
    if (rule === undefined || !('kind' in rule) || rule.kind !== 'patch') throw new Error(`${name} is no patch`);
    return rule.fn({ ...item }, payload, { user: 'ana', own: false, replayed: false });
  };

  it('somebody else’s like changes the count, and not whether I like it', () => {
    const payload = { activityId: 'swim', userId: 'ben', likeCount: 9 } as never;
    expect(apply('activity:like_added', payload, { ...swim, liked: false })).toMatchObject({ likeCount: 9, liked: false });
    expect(apply('activity:like_removed', payload, { ...swim, liked: true })).toMatchObject({ likeCount: 9, liked: true });
  });

  it('my own like, made on another device, is mine here too', () => {
    const payload = { activityId: 'swim', userId: 'ana', likeCount: 2 } as never;
    expect(apply('activity:like_added', payload, swim)).toMatchObject({ liked: true });
    expect(apply('activity:like_removed', payload, { ...swim, liked: true })).toMatchObject({ liked: false });
  });

  it('joining and leaving: the same', () => {
    const mine = { activityId: 'swim', userId: 'ana', participantCount: 5 } as never;
    const theirs = { activityId: 'swim', userId: 'ben', participantCount: 5 } as never;
    expect(apply('activity:user_joined', mine, swim)).toMatchObject({ joined: true, participantCount: 5 });
    expect(apply('activity:user_left', theirs, { ...swim, joined: true })).toMatchObject({ joined: true, participantCount: 5 });
  });

  it('Y1: the chat’s room feeds that chat alone', () => {
    expect(rules.rooms?.['activity_:id']?.({ id: 'swim' })).toEqual([['messages', 'swim']]);
  });
});
