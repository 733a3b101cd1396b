// Where messages are written. Enter sends, Shift+Enter begins a new line.
import { ActionIcon, Textarea } from '@mantine/core';
import { useOfflineMutation } from '@tidewire/react';
import { IconArrowUp } from '@tabler/icons-react';
import { useState, type FormEvent, type KeyboardEvent, type MouseEvent } from 'react';
import { newId } from '../domain/ids.ts';
import { sendMessage } from '../tidewire/mutations.ts';
import { useTellTyping } from './typing.ts';
import classes from './Composer.module.css';

/** The field keeps the focus, and so a phone its keyboard, when a message is sent with the button. */
const keepFocus = (event: MouseEvent): void => event.preventDefault();

export function Composer({ activityId, userId, onSent }: { activityId: string; userId: string; onSent: () => void }) {
  const [text, setText] = useState('');
  const send = useOfflineMutation(sendMessage);
  const typed = useTellTyping(activityId, userId);
  const empty = text.trim() === '';

  const submit = () => {
    if (empty) return;
    const said = text.trim();
    const { durable } = send.submit({ activityId, messageId: newId(), text: said, createdAt: new Date().toISOString() });
    setText('');
    typed('');
    // What this device could not keep goes back to where it was written.
    durable.catch(() => setText((now) => (now === '' ? said : now)));
    onSent();
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    submit();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  };

  return (
    <form className={classes['composer']} onSubmit={onSubmit}>
      <Textarea
        className={classes['field'] ?? ''}
        classNames={{ input: classes['input'] ?? '' }}
        aria-label="Message"
        dir="auto"
        placeholder="Message"
        autosize
        minRows={1}
        maxRows={5}
        maxLength={4000}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          typed(event.currentTarget.value);
        }}
        onKeyDown={onKeyDown}
        data-testid="message-input"
      />
      <ActionIcon type="submit" size={44} radius="xl" variant={empty ? 'light' : 'filled'} aria-disabled={empty} aria-label="Send" onMouseDown={keepFocus} data-testid="message-send">
        <IconArrowUp size={22} />
      </ActionIcon>
    </form>
  );
}
