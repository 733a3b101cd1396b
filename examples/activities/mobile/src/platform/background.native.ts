// Sends what waits while the app is not in front, about every quarter of an hour, when the system likes. The task may run without any screen, in a process of its own start.
import { drain } from '@tidewire/react-native';
import { createScope } from 'activities-shared/tidewire/client.ts';
import { BackgroundTaskResult, registerTaskAsync } from 'expo-background-task';
import { defineTask } from 'expo-task-manager';
import { device, sessions } from '../device';

const NAME = 'activities.drain';

defineTask(NAME, async () => {
  const { session } = sessions.state();
  if (session === null) return BackgroundTaskResult.Success;
  // Beside the app's own client it shares the queue with that; alone it does the work.
  const { tw } = createScope(device, session);
  try {
    const { pending } = await drain(tw, { budgetMs: 20_000 });
    return pending === 0 ? BackgroundTaskResult.Success : BackgroundTaskResult.Failed;
  } finally {
    tw.stop();
  }
});

// Where it cannot be had (Expo Go on iOS), the app sends when it is opened.
registerTaskAsync(NAME, { minimumInterval: 15 }).catch(() => undefined);
