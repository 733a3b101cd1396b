// Alias `@services/socket/socketClient`.
import { createSocketService } from '@tidewire/client/services';
import { tw } from '../../tidewire.js';

export const socketService = createSocketService(tw);
