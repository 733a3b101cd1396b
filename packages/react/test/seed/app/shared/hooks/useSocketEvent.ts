// Alias `@shared/hooks/useSocketEvent`.
import { createSocketHooks } from '@tidewire/react/services';
import { socketService } from '@services/socket/socketClient';

export const { useSocketEvent, useSocketConnection } = createSocketHooks(socketService);
