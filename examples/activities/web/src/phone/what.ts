// What a request or an event is about, in the names of this app's mutations. Pure.
import type { Events } from 'activities-shared/tidewire/events.ts';

export interface About {
  /** Name of a mutation. */
  readonly what: string;
  /** The activity's id, or the message's. */
  readonly thing: string;
}

interface Sent {
  readonly url: string;
  readonly method: string;
  readonly body?: string | undefined;
}

const ROUTES: readonly (readonly [method: string, path: RegExp, what: string])[] = [
  ['POST', /^\/api\/activities\/([^/]+)\/like$/, 'activity.like'],
  ['DELETE', /^\/api\/activities\/([^/]+)\/like$/, 'activity.unlike'],
  ['POST', /^\/api\/activities\/([^/]+)\/participants$/, 'activity.join'],
  ['DELETE', /^\/api\/activities\/([^/]+)\/participants$/, 'activity.leave'],
  ['POST', /^\/api\/activities\/([^/]+)\/cheers$/, 'activity.cheer'],
  ['PATCH', /^\/api\/activities\/([^/]+)$/, 'activity.rename'],
  ['POST', /^\/api\/messages\/([^/]+)\/read$/, 'message.read'],
  // What is made has its id in the body.
  ['POST', /^\/api\/activities$/, 'activity.create'],
  ['POST', /^\/api\/activities\/[^/]+\/messages$/, 'message.send'],
];

/** What a write of the queue is about; undefined for what is none of this app's. */
export function aboutRequest({ url, method, body }: Sent): About | undefined {
  const path = url.replace(/^[a-z]+:\/\/[^/]+/, '');
  for (const [verb, pattern, what] of ROUTES) {
    const found = verb === method ? pattern.exec(path) : null;
    if (found === null) continue;
    const thing = found[1] === undefined ? idIn(body) : decodeURIComponent(found[1]);
    return thing === undefined ? undefined : { what, thing };
  }
  return undefined;
}

function idIn(body: string | undefined): string | undefined {
  const parsed: unknown = JSON.parse(body ?? 'null');
  const id: unknown = typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, 'id') : undefined;
  return typeof id === 'string' ? id : undefined;
}

/** Each event that a write causes, and what it tells. */
export const ABOUT: { readonly [K in keyof Events]?: (payload: Events[K]) => About } = {
  'activity:created': ({ id }) => ({ what: 'activity.create', thing: id }),
  'activity:updated': ({ id }) => ({ what: 'activity.rename', thing: id }),
  'activity:like_added': ({ activityId }) => ({ what: 'activity.like', thing: activityId }),
  'activity:like_removed': ({ activityId }) => ({ what: 'activity.unlike', thing: activityId }),
  'activity:user_joined': ({ activityId }) => ({ what: 'activity.join', thing: activityId }),
  'activity:user_left': ({ activityId }) => ({ what: 'activity.leave', thing: activityId }),
  'activity:cheered': ({ activityId }) => ({ what: 'activity.cheer', thing: activityId }),
  'message:new': ({ id }) => ({ what: 'message.send', thing: id }),
  'message:read': ({ messageId }) => ({ what: 'message.read', thing: messageId }),
};
