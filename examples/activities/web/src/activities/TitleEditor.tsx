// The title of an activity, and for those who are going the way to another one.
import { ActionIcon, TextInput } from '@mantine/core';
import { useOfflineMutation } from '@tidewire/react';
import { IconCheck, IconPencil, IconX } from '@tabler/icons-react';
import { useEffect, useRef, useState, type FormEvent, type KeyboardEvent } from 'react';
import type { Activity } from 'activities-shared/domain/types.ts';
import { renameActivity } from 'activities-shared/tidewire/mutations.ts';
import classes from './TitleEditor.module.css';

export function TitleEditor({ activity }: { activity: Activity }) {
  const [draft, setDraft] = useState<string | null>(null);
  const pencil = useRef<HTMLButtonElement>(null);
  const back = useRef(false);
  const rename = useOfflineMutation(renameActivity);

  useEffect(() => {
    if (draft !== null || !back.current) return;
    back.current = false;
    pencil.current?.focus();
  }, [draft]);
  const close = (): void => {
    back.current = true;
    setDraft(null);
  };

  if (draft === null) {
    return (
      <div className={classes['line']}>
        <h1 className={classes['title']} tabIndex={-1} dir="auto" data-testid="title">{activity.title}</h1>
        {activity.joined === true && (
          <ActionIcon ref={pencil} className={classes['pencil'] ?? ''} variant="subtle" color="gray" size={32} radius="xl" aria-label="Rename" title="Rename" onClick={() => setDraft(activity.title)} data-testid="rename">
            <IconPencil size={17} />
          </ActionIcon>
        )}
      </div>
    );
  }
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const title = draft.trim();
    if (title === '') return;
    if (title !== activity.title) rename.mutate({ activityId: activity.id, title, version: activity.version });
    close();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') close();
  };
  return (
    <form className={classes['form']} onSubmit={submit} onKeyDown={onKeyDown}>
      <h1 className={classes['hidden']}>{activity.title}</h1>
      <TextInput className={classes['field'] ?? ''} aria-label="Title" dir="auto" value={draft} maxLength={120} autoFocus onFocus={(event) => event.currentTarget.select()} onChange={(event) => setDraft(event.currentTarget.value)} data-testid="rename-title" />
      <ActionIcon type="submit" size={36} radius="xl" aria-label="Save the title" disabled={draft.trim() === ''} data-testid="rename-save">
        <IconCheck size={19} />
      </ActionIcon>
      <ActionIcon variant="subtle" color="gray" size={36} radius="xl" aria-label="Keep the old title" onClick={close}>
        <IconX size={19} />
      </ActionIcon>
    </form>
  );
}
