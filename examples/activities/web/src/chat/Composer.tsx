// Where messages are written. Enter sends, Shift+Enter begins a new line.
import { ActionIcon, Textarea } from '@mantine/core';
import { IconArrowUp } from '@tabler/icons-react';
import type { FormEvent, KeyboardEvent, MouseEvent } from 'react';
import { useComposer } from 'activities-shared/chat/useComposer.ts';
import classes from './Composer.module.css';

/** The field keeps the focus, and so a phone its keyboard, when a message is sent with the button. */
const keepFocus = (event: MouseEvent): void => event.preventDefault();

export function Composer({ activityId, userId, onSent }: { activityId: string; userId: string; onSent: () => void }) {
  const { text, change, empty, submit } = useComposer(activityId, userId);
  const send = (): void => {
    if (submit()) onSent();
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    send();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
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
        onChange={(event) => change(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        data-testid="message-input"
      />
      <ActionIcon type="submit" size={44} radius="xl" variant={empty ? 'light' : 'filled'} aria-disabled={empty} aria-label="Send" onMouseDown={keepFocus} data-testid="message-send">
        <IconArrowUp size={22} />
      </ActionIcon>
    </form>
  );
}
