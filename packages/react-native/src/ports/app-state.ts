// Whether the app is in front. Knows React Native's AppState by its shape alone.
import type { VisibilityPort } from '@tidewire/client';

/** The part of React Native's `AppState` that is used. */
export interface AppStateLike {
  readonly currentState: string | null | undefined;
  addEventListener(type: 'change', listener: (state: string) => void): { remove(): void };
}

/** `inactive` (a call comes in, the app switcher is open) is still in front: iOS may turn back without ever having been in the background. */
export function appStateVisibility(appState: AppStateLike, returned: () => void): VisibilityPort {
  const isBack = (state: unknown): boolean => state === 'background';
  return {
    current: () => (isBack(appState.currentState) ? 'Background' : 'Foreground'),
    watch(events) {
      let back = isBack(appState.currentState);
      const subscription = appState.addEventListener('change', (state) => {
        if (isBack(state)) {
          if (!back) events.background();
          back = true;
        } else if (state === 'active') {
          // Also after `inactive` alone: the phone may have slept under a lock screen.
          back = false;
          events.foreground();
          returned();
        }
      });
      return () => subscription.remove();
    },
  };
}
