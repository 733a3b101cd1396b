// What the field for a new activity does, without the field. The activity's id is made here, so that it can be liked, joined and opened before the server has heard of it.
import { useOfflineMutation } from '@tidewire/react';
import { useState } from 'react';
import { useDevice } from '../device.ts';
import { newId } from '../domain/ids.ts';
import { createActivity } from '../tidewire/mutations.ts';

export interface NewActivity {
  readonly title: string;
  readonly change: (title: string) => void;
  readonly empty: boolean;
  readonly submit: () => void;
}

export function useNewActivity(): NewActivity {
  const { platform } = useDevice();
  const [title, setTitle] = useState('');
  const create = useOfflineMutation(createActivity);
  const trimmed = title.trim();
  const submit = (): void => {
    if (trimmed === '') return;
    create.mutate({ activityId: newId(platform.random), title: trimmed, createdAt: new Date().toISOString() });
    setTitle('');
  };
  return { title, change: setTitle, empty: trimmed === '', submit };
}
