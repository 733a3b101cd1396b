// Starts an activity. Its id is made here, so that it can be liked, joined and opened before the server has heard of it.
import { ActionIcon, TextInput } from '@mantine/core';
import { useOfflineMutation } from '@tidewire/react';
import { IconPlus } from '@tabler/icons-react';
import { useState, type FormEvent } from 'react';
import { newId } from '../domain/ids.ts';
import { createActivity } from '../tidewire/mutations.ts';
import classes from './CreateActivity.module.css';

export function CreateActivity() {
  const [title, setTitle] = useState('');
  const create = useOfflineMutation(createActivity);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const trimmed = title.trim();
    if (trimmed === '') return;
    create.mutate({ activityId: newId(), title: trimmed, createdAt: new Date().toISOString() });
    setTitle('');
  };

  return (
    <form onSubmit={submit}>
      <TextInput
        size="md"
        radius="lg"
        placeholder="What shall we do?"
        aria-label="New activity"
        dir="auto"
        value={title}
        onChange={(event) => setTitle(event.currentTarget.value)}
        maxLength={120}
        data-testid="create-title"
        rightSectionWidth={46}
        rightSection={
          <ActionIcon type="submit" size={34} radius="md" variant={title.trim() === '' ? 'subtle' : 'filled'} color={title.trim() === '' ? 'gray' : 'tide'} aria-label="Create activity" data-testid="create-submit">
            <IconPlus size={20} />
          </ActionIcon>
        }
        classNames={{ input: classes['input'] ?? '' }}
      />
    </form>
  );
}
