// Tells the others how far this person has read: the newest message of somebody else, once, while the app is looked at. As in the web app, but for AppState.
import { useOfflineMutation } from '@tidewire/react';
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { AppState } from 'react-native';
import { readMessage, type Message } from './shared';

function watchAppState(changed: () => void): () => void {
  const subscription = AppState.addEventListener('change', changed);
  return () => subscription.remove();
}

/** `messages`: newest first. */
export function useReadReceipts(messages: readonly Message[] | undefined, userId: string): void {
  const { mutate } = useOfflineMutation(readMessage);
  const visible = useSyncExternalStore(watchAppState, () => AppState.currentState !== 'background');
  const told = useRef<string | null>(null);

  const newest = messages?.find((message) => message.senderId !== userId);
  const unread = newest !== undefined && !newest.readBy.includes(userId) ? newest.id : null;
  const activityId = newest?.activityId;
  useEffect(() => {
    if (unread === null || activityId === undefined || !visible || told.current === unread) return;
    told.current = unread;
    mutate({ activityId, messageId: unread });
  }, [unread, activityId, visible, mutate]);
}
