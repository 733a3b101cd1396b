// @tidewire/react: TanStack Query v5 kept right by Tidewire, and the hooks.

export type * from './register.js';
export { bindQueryClient, type CacheBinding } from './cache/bind.js';
export type { Capture } from './cache/capture.js';
export { useTidewire } from './hooks/context.js';
export { TidewireProvider, type TidewireProviderProps } from './hooks/provider.js';
export { useRoom } from './hooks/use-room.js';
export { useSocketEvent, type SocketEventOptions } from './hooks/use-socket-event.js';
export { useOfflineQueueStatus, useOutbox, useRealId, useSocketConnection, type OfflineQueueStatus, type Outbox, type SocketConnection } from './hooks/use-status.js';
export { useOfflineMutation, type OfflineMutation } from './hooks/use-offline-mutation.js';
export type { InlineFunction, InlineMutation, InlineOptions, InlineRequest } from './hooks/launch.js';
export type { WriteCallbacks, WriteStateOf } from './hooks/write-observer.js';
