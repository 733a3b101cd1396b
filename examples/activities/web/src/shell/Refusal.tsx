// Says that a change could not be kept on this device, and why.
import { Alert } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { dismissRefusal, useRefusal } from 'activities-shared/tidewire/refusals.ts';
import classes from './Refusal.module.css';

export function Refusal() {
  const sentence = useRefusal();
  if (sentence === null) return null;
  return (
    <div className={classes['place']}>
      <Alert
        color="red"
        radius="lg"
        icon={<IconAlertTriangle size={18} />}
        title="Not kept"
        withCloseButton
        closeButtonLabel="Dismiss"
        onClose={dismissRefusal}
        classNames={{ root: classes['alert'] ?? '' }}
        vars={() => ({ root: { '--alert-color': 'var(--alarm)' } })}
        data-testid="write-refused"
      >
        {sentence}
      </Alert>
    </div>
  );
}
