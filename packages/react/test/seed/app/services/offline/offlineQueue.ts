// Alias `@services/offline/offlineQueue`.
import { createOfflineQueue } from '@tidewire/client/services';
import { tw } from '../../tidewire.js';

export const offlineQueue = createOfflineQueue(tw);
