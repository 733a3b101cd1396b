// What NetInfo thinks of the network. Hints only; what follows from them is decided in the engine (C3). Knows NetInfo by its shape alone.
import type { NetworkPort, NetworkWord } from '@tidewire/client';

/** The part of a `NetInfoState` that is read. */
export interface NetInfoStateLike {
  readonly type: string;
  /** Null: nobody knows yet. */
  readonly isConnected: boolean | null;
  readonly isInternetReachable: boolean | null;
  readonly details: object | null;
}

/** The part of `@react-native-community/netinfo` that is used. */
export interface NetInfoLike {
  addEventListener(listener: (state: NetInfoStateLike) => void): () => void;
}

/** Listened to as long as somebody watches. Nothing happens before. */
export function netInfoNetwork(netInfo: NetInfoLike): NetworkPort {
  const watchers = new Set<(word: NetworkWord) => void>();
  let word: NetworkWord = 'Unknown';
  let place: string | undefined;
  let stop: (() => void) | undefined;

  const heard = (state: NetInfoStateLike): void => {
    const next = wordOf(state);
    const nextPlace = state.isConnected === true ? placeOf(state) : place;
    const moved = word !== 'Offline' && place !== undefined && nextPlace !== place;
    const told = moved ? 'Changed' : next;
    const news = moved || next !== word;
    word = next;
    place = nextPlace;
    if (news) for (const watcher of [...watchers]) watcher(told);
  };

  return {
    current: () => word,
    watch(callback) {
      const watcher = (now: NetworkWord): void => callback(now);
      watchers.add(watcher);
      // It tells the present state at once, or as soon as it knows.
      stop ??= netInfo.addEventListener(heard);
      return () => {
        watchers.delete(watcher);
        if (watchers.size > 0) return;
        stop?.();
        stop = undefined;
        // Nobody listens any more: what was known gets old.
        word = 'Unknown';
        place = undefined;
      };
    },
  };
}

/** Reachability is a guess by an address of somebody else's: that it fails does not say that our server cannot be reached. */
function wordOf({ isConnected, isInternetReachable }: NetInfoStateLike): NetworkWord {
  if (isConnected === false) return 'Offline';
  return isConnected === true && isInternetReachable !== false ? 'Online' : 'Unknown';
}

/** Another kind of network, or another address in it: links of before are dead. */
function placeOf({ type, details }: NetInfoStateLike): string {
  const address: unknown = details === null ? undefined : Reflect.get(details, 'ipAddress');
  return typeof address === 'string' ? `${type} ${address}` : type;
}
