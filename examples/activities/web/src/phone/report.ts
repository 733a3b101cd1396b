// What a phone of the demo tells the page around it, and what that page may ask of the phone. Both are of one origin. Pure.
import type { About } from './what.ts';

/** A write on the phone. */
export interface Kept extends About {
  readonly write: string;
}

export type Connection = 'online' | 'connecting' | 'offline';

export type Report =
  | { readonly kind: 'state'; readonly connection: Connection; readonly dark: boolean; readonly pending: readonly Kept[]; readonly parked: readonly Kept[] }
  /** A write's request leaves. `tapped`: when its person touched the phone, if that was just now. */
  | ({ readonly kind: 'sent'; readonly tapped: number | null } & Kept)
  | { readonly kind: 'answered'; readonly write: string; readonly outcome: string }
  /** Somebody else's change has reached this screen. */
  | ({ readonly kind: 'heard'; readonly at: number } & About);

/** `losing`: so many answers are lost where the tunnel ends. */
export type Wish = { readonly kind: 'tunnel'; readonly dark: boolean; readonly losing: number };

const MARK = 'activities';

export function tell(to: Window, message: Report | Wish): void {
  to.postMessage({ [MARK]: message }, location.origin);
}

/** What was told by a window of this origin. */
export function told<T extends Report | Wish>({ origin, data }: MessageEvent<unknown>): T | undefined {
  if (origin !== location.origin || typeof data !== 'object' || data === null) return undefined;
  return Reflect.get(data, MARK) as T | undefined;
}
