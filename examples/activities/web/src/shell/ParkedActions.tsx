// What its person may do about a write that was not sent: try it again, change its words, or give it up.
import { Button, Textarea } from '@mantine/core';
import type { WriteSnapshot } from '@tidewire/client';
import { useEffect, useRef, useState, type FormEvent, type KeyboardEvent } from 'react';
import { useRepair } from 'activities-shared/outbox/useRepair.ts';
import classes from './ParkedActions.module.css';

/** What opens below the fold comes into view. */
const inView = (form: HTMLFormElement | null): void => form?.scrollIntoView({ block: 'nearest' });

/** `name` begins the buttons' test ids: one write may stand in several places of a page. */
export function ParkedActions({ write, name }: { write: WriteSnapshot; name: string }) {
  const { words, retry, send, discard } = useRepair(write);
  const [draft, setDraft] = useState<string | null>(null);
  const editButton = useRef<HTMLButtonElement>(null);
  const back = useRef(false);

  useEffect(() => {
    if (draft !== null || !back.current) return;
    back.current = false;
    editButton.current?.focus();
  }, [draft]);
  const cancel = (): void => {
    back.current = true;
    setDraft(null);
  };

  if (draft !== null) {
    const submit = (event: FormEvent): void => {
      event.preventDefault();
      if (send(draft)) setDraft(null);
    };
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') cancel();
    };
    return (
      <form ref={inView} className={classes['edit']} onSubmit={submit} onKeyDown={onKeyDown}>
        <Textarea
          aria-label="Other words"
          dir="auto"
          autosize
          minRows={1}
          maxRows={4}
          maxLength={4000}
          value={draft}
          onChange={(event) => setDraft(event.currentTarget.value)}
          data-autofocus
          autoFocus
          // Escape ends the editing, not the drawer around it.
          data-mantine-stop-propagation
          data-testid={`${name}-words`}
        />
        <div className={classes['actions']}>
          <Button type="submit" size="xs" fz={13} radius="xl" disabled={draft.trim() === ''} data-testid={`${name}-save`}>Send</Button>
          <Button size="xs" fz={13} radius="xl" variant="default" onClick={cancel}>Cancel</Button>
        </div>
      </form>
    );
  }
  return (
    <div className={classes['actions']}>
      <Button size="xs" fz={13} radius="xl" onClick={retry} data-testid={`${name}-retry`}>Retry</Button>
      {words !== undefined && (
        <Button ref={editButton} size="xs" fz={13} radius="xl" variant="default" onClick={() => setDraft(words)} data-testid={`${name}-edit`}>Edit</Button>
      )}
      <Button size="xs" fz={13} radius="xl" variant="default" onClick={discard} data-testid={`${name}-discard`}>Discard</Button>
    </div>
  );
}
