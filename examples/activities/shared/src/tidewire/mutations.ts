// Every write of the app: what is sent, and what the screen shows until the server's word arrives. A layer is folded over newer and
// newer bases, so it must leave a base alone that has the write already. The one exception is `cheer`: a counter cannot know, and
// relies on Tidewire to take its layer away in the same step that brings the write.
//
// All writes about one activity share a lane: it is created before anyone joins it, joined before anyone writes or reads in its chat,
// and a like and its taking back keep their order.
import { defineMutation, type RequestMutation } from '@tidewire/client';
import type { Activity, Cheers, Message } from '../domain/types.ts';
import type { EditActivity, NewActivity, NewMessage } from '../generated/server.ts';
import { keys } from './keys.ts';
import { reportFailure } from './refusals.ts';

/** A mutation of this app: what this device cannot keep is told. */
const define = <V>(definition: RequestMutation<V>): RequestMutation<V> => defineMutation({ onError: reportFailure, ...definition });

interface OfActivity {
  activityId: string;
}

const laneOf = ({ activityId }: OfActivity): string => `activity/${activityId}`;
const pathOf = ({ activityId }: OfActivity, rest: string): string => `/api/activities/${encodeURIComponent(activityId)}/${rest}`;

export const likeActivity = define<OfActivity>({
  name: 'activity.like',
  version: 1,
  request: (vars) => ({ method: 'POST', path: pathOf(vars, 'like') }),
  optimistic: ({ activityId }, cache) => {
    cache.patch<Activity>('activity', activityId, (it) => (it.liked ? it : { ...it, liked: true, likeCount: it.likeCount + 1 }));
  },
  lane: laneOf,
  idempotent: true,
  whenParked: 'rollback',
  label: 'Like',
});

export const unlikeActivity = define<OfActivity>({
  name: 'activity.unlike',
  version: 1,
  request: (vars) => ({ method: 'DELETE', path: pathOf(vars, 'like') }),
  optimistic: ({ activityId }, cache) => {
    cache.patch<Activity>('activity', activityId, (it) => (it.liked ? { ...it, liked: false, likeCount: it.likeCount - 1 } : it));
  },
  lane: laneOf,
  idempotent: true,
  whenParked: 'rollback',
  label: 'Take back like',
});

export const joinActivity = define<OfActivity>({
  name: 'activity.join',
  version: 1,
  request: (vars) => ({ method: 'POST', path: pathOf(vars, 'participants') }),
  optimistic: ({ activityId }, cache) => {
    cache.patch<Activity>('activity', activityId, (it) =>
      it.joined ? it : { ...it, joined: true, participantCount: it.participantCount + 1 },
    );
  },
  lane: laneOf,
  idempotent: true,
  whenParked: 'rollback',
  label: 'Join',
});

export const leaveActivity = define<OfActivity>({
  name: 'activity.leave',
  version: 1,
  request: (vars) => ({ method: 'DELETE', path: pathOf(vars, 'participants') }),
  optimistic: ({ activityId }, cache) => {
    cache.patch<Activity>('activity', activityId, (it) =>
      it.joined ? { ...it, joined: false, participantCount: it.participantCount - 1 } : it,
    );
  },
  lane: laneOf,
  idempotent: true,
  whenParked: 'rollback',
  label: 'Leave',
});

/** `activityId` is made by the client, so that everything else can refer to it before the server knows it. */
export const createActivity = define<OfActivity & { title: string; createdAt: string }>({
  name: 'activity.create',
  version: 1,
  request: ({ activityId, title }) => ({ method: 'POST', path: '/api/activities', body: { id: activityId, title } satisfies NewActivity }),
  optimistic: ({ activityId, title, createdAt }, cache, { user }) => {
    const created: Activity = {
      id: activityId,
      title,
      createdBy: user,
      createdAt,
      version: 1,
      likeCount: 0,
      participantCount: 1,
      liked: false,
      joined: true,
    };
    cache.insert<Activity>(keys.activities, created, { at: 'start' });
  },
  lane: laneOf,
  whenParked: 'keep',
  label: ({ title }) => `New activity “${title}”`,
});

/**
 * `version`: the one that its person saw. The server refuses it if somebody else was faster, and it is parked: two titles cannot be merged.
 * A base with a newer version has this title already, or the other one.
 */
export const renameActivity = define<OfActivity & { title: string; version: number }>({
  name: 'activity.rename',
  version: 1,
  request: ({ activityId, title, version }) => ({ method: 'PATCH', path: `/api/activities/${encodeURIComponent(activityId)}`, body: { title, version } satisfies EditActivity }),
  optimistic: ({ activityId, title, version }, cache) => {
    cache.patch<Activity>('activity', activityId, (it) => (it.version > version ? it : { ...it, title, version: version + 1 }));
  },
  lane: laneOf,
  whenParked: 'rollback',
  label: ({ title }) => `New title “${title}”`,
});

export const sendMessage = define<OfActivity & { messageId: string; text: string; createdAt: string }>({
  name: 'message.send',
  version: 1,
  request: (vars) => ({ method: 'POST', path: pathOf(vars, 'messages'), body: { id: vars.messageId, text: vars.text } satisfies NewMessage }),
  optimistic: ({ activityId, messageId, text, createdAt }, cache, { user }) => {
    const sent: Message = { id: messageId, activityId, senderId: user, text, createdAt, readBy: [] };
    cache.insert<Message>(keys.messages(activityId), sent, { at: 'start' });
  },
  lane: laneOf,
  whenParked: 'keep',
  label: ({ text }) => `Message “${text.length > 40 ? `${text.slice(0, 40)}…` : text}”`,
});

export const readMessage = define<OfActivity & { messageId: string }>({
  name: 'message.read',
  version: 1,
  request: ({ messageId }) => ({ method: 'POST', path: `/api/messages/${encodeURIComponent(messageId)}/read` }),
  optimistic: ({ messageId }, cache, { user }) => {
    cache.patch<Message>('message', messageId, (it) => (it.readBy.includes(user) ? it : { ...it, readBy: [...it.readBy, user] }));
  },
  lane: laneOf,
  idempotent: true,
  whenParked: 'rollback',
  label: 'Read receipt',
});

export const cheerActivity = define<OfActivity>({
  name: 'activity.cheer',
  version: 1,
  request: (vars) => ({ method: 'POST', path: pathOf(vars, 'cheers') }),
  optimistic: ({ activityId }, cache) => {
    cache.patch<Cheers>('cheers', activityId, (it) => ({ ...it, cheers: it.cheers + 1 }));
  },
  lane: laneOf,
  whenParked: 'rollback',
  label: 'Cheer',
});

export const mutations = [
  likeActivity,
  unlikeActivity,
  joinActivity,
  leaveActivity,
  createActivity,
  renameActivity,
  sendMessage,
  readMessage,
  cheerActivity,
];
