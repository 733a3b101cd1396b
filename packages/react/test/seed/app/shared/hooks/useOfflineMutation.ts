// Alias `@shared/hooks/useOfflineMutation`.
import { createQueueHooks } from '@tidewire/react/services';
import { offlineQueue } from '@services/offline/offlineQueue';

export const { useOfflineMutation, useOfflineQueueStatus } = createQueueHooks(offlineQueue);
