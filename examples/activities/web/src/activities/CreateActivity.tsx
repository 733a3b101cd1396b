// Starts an activity.
import { ActionIcon, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import type { FormEvent } from 'react';
import { useNewActivity } from 'activities-shared/activities/useNewActivity.ts';
import classes from './CreateActivity.module.css';

export function CreateActivity() {
  const { title, change, empty, submit } = useNewActivity();
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    submit();
  };

  return (
    <form onSubmit={onSubmit}>
      <TextInput
        size="md"
        radius="lg"
        placeholder="What shall we do?"
        aria-label="New activity"
        dir="auto"
        value={title}
        onChange={(event) => change(event.currentTarget.value)}
        maxLength={120}
        data-testid="create-title"
        rightSectionWidth={46}
        rightSection={
          <ActionIcon type="submit" size={34} radius="md" variant={empty ? 'subtle' : 'filled'} color={empty ? 'gray' : 'tide'} aria-label="Create activity" data-testid="create-submit">
            <IconPlus size={20} />
          </ActionIcon>
        }
        classNames={{ input: classes['input'] ?? '' }}
      />
    </form>
  );
}
