// A counter that everybody may raise as often as they like. Nothing on the server would notice a second count of one tap, so
// exactly once is Tidewire's promise alone.
import { UnstyledButton, VisuallyHidden } from '@mantine/core';
import { useOfflineMutation } from '@tidewire/react';
import { IconConfetti } from '@tabler/icons-react';
import { cheerActivity } from 'activities-shared/tidewire/mutations.ts';
import { useCheers } from 'activities-shared/tidewire/queries.ts';
import classes from './CheerButton.module.css';

export function CheerButton({ activityId, onServer }: { activityId: string; onServer: boolean }) {
  const { data } = useCheers(activityId, onServer);
  const cheer = useOfflineMutation(cheerActivity);
  return (
    <UnstyledButton
      className={classes['cheer']}
      data-testid="cheer"
      disabled={data === undefined}
      onClick={() => cheer.mutate({ activityId })}
    >
      <IconConfetti size={20} aria-hidden />
      <span>Cheer</span>
      {data !== undefined && <span className={classes['count']} data-testid="cheer-count">{data.cheers}</span>}
      {data !== undefined && <VisuallyHidden>so far</VisuallyHidden>}
    </UnstyledButton>
  );
}
