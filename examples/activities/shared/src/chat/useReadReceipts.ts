// Tells the others how far this person has read: the newest message of somebody else, once, while the app is looked at. One read
// receipt stands for everything before it, so opening a long chat costs one write.
import { useOfflineMutation } from '@tidewire/react';
import { useEffect, useRef } from 'react';
import { useInFront } from '../device.ts';
import type { Message } from '../domain/types.ts';
import { readMessage } from '../tidewire/mutations.ts';

/** `messages`: newest first. */
export function useReadReceipts(messages: readonly Message[] | undefined, userId: string): void {
  const { mutate } = useOfflineMutation(readMessage);
  const inFront = useInFront();
  const told = useRef<string | null>(null);

  const newest = messages?.find((message) => message.senderId !== userId);
  const unread = newest !== undefined && !newest.readBy.includes(userId) ? newest.id : null;
  const activityId = newest?.activityId;
  useEffect(() => {
    if (unread === null || activityId === undefined || !inFront || told.current === unread) return;
    told.current = unread;
    mutate({ activityId, messageId: unread });
  }, [unread, activityId, inFront, mutate]);
}
