// What the field for a new message does, without the field: its text, telling that one types, and sending.
import { useOfflineMutation } from '@tidewire/react';
import { useState } from 'react';
import { useDevice } from '../device.ts';
import { newId } from '../domain/ids.ts';
import { sendMessage } from '../tidewire/mutations.ts';
import { useTellTyping } from './typing.ts';

export interface Composer {
  readonly text: string;
  readonly change: (text: string) => void;
  /** Nothing is there to be sent. */
  readonly empty: boolean;
  /** Whether anything was sent. */
  readonly submit: () => boolean;
}

export function useComposer(activityId: string, userId: string): Composer {
  const { platform } = useDevice();
  const [text, setText] = useState('');
  const send = useOfflineMutation(sendMessage);
  const typed = useTellTyping(activityId, userId);
  const said = text.trim();
  const change = (next: string): void => {
    setText(next);
    typed(next);
  };
  const submit = (): boolean => {
    if (said === '') return false;
    const { durable } = send.submit({ activityId, messageId: newId(platform.random), text: said, createdAt: new Date().toISOString() });
    change('');
    // What this device could not keep goes back to where it was written.
    durable.catch(() => setText((now) => (now === '' ? said : now)));
    return true;
  };
  return { text, change, empty: said === '', submit };
}
