// What its person may do about a write that was not sent: try it again, change its words, or give it up.
import { Button, Textarea } from '@mantine/core';
import { useTidewire } from '@tidewire/react';
import type { WriteSnapshot } from '@tidewire/client';
import { useState, type FormEvent } from 'react';
import { useActivities } from '../tidewire/queries.ts';
import { again, resend, wordsOf } from '../tidewire/repairs.ts';
import { activityOf } from '../tidewire/useWrites.ts';
import classes from './ParkedActions.module.css';

/** `name` begins the buttons' test ids: one write may stand in several places of a page. */
export function ParkedActions({ write, name }: { write: WriteSnapshot; name: string }) {
  const tw = useTidewire();
  const version = useActivities().data?.find((it) => it.id === activityOf(write))?.version;
  const [draft, setDraft] = useState<string | null>(null);
  const words = wordsOf(write);

  if (draft !== null) {
    const submit = (event: FormEvent): void => {
      event.preventDefault();
      if (draft.trim() === '') return;
      resend(tw, write, draft.trim(), version);
      setDraft(null);
    };
    return (
      <form className={classes['edit']} onSubmit={submit}>
        <Textarea
          aria-label="Other words"
          autosize
          minRows={1}
          maxRows={4}
          maxLength={4000}
          value={draft}
          onChange={(event) => setDraft(event.currentTarget.value)}
          data-autofocus
          autoFocus
          data-testid={`${name}-words`}
        />
        <div className={classes['actions']}>
          <Button type="submit" size="compact-sm" disabled={draft.trim() === ''} data-testid={`${name}-save`}>Send</Button>
          <Button size="compact-sm" variant="subtle" color="gray" onClick={() => setDraft(null)}>Cancel</Button>
        </div>
      </form>
    );
  }
  return (
    <div className={classes['actions']}>
      <Button size="compact-sm" variant="light" onClick={() => again(tw, write, version)} data-testid={`${name}-retry`}>Retry</Button>
      {words !== undefined && (
        <Button size="compact-sm" variant="subtle" color="gray" onClick={() => setDraft(words)} data-testid={`${name}-edit`}>Edit</Button>
      )}
      <Button size="compact-sm" variant="subtle" color="gray" onClick={() => tw.discard(write.id)} data-testid={`${name}-discard`}>Discard</Button>
    </div>
  );
}
