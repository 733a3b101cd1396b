// Alias `@features/activities/hooks/useActivityRealtimeSync`.
import { createSyncHook } from '@tidewire/react/services';
import { socketService } from '@services/socket/socketClient';

export const useActivityRealtimeSync = createSyncHook(socketService, ['activities']);
