// Whether the page is in front, and when it may never run again.
import type { VisibilityPort } from './port.js';

export function browserVisibility(): VisibilityPort {
  const current = (): 'Foreground' | 'Background' =>
    typeof document !== 'undefined' && document.visibilityState === 'hidden' ? 'Background' : 'Foreground';
  return {
    current,
    watch(events) {
      if (typeof window === 'undefined' || typeof document === 'undefined') return () => undefined;
      const change = (): void => (current() === 'Foreground' ? events.foreground() : events.background());
      const leaving = (): void => events.leaving();
      const returned = (): void => events.returned();
      const shown = (event: PageTransitionEvent): void => {
        if (event.persisted) events.returned();
      };
      document.addEventListener('visibilitychange', change);
      document.addEventListener('freeze', leaving);
      document.addEventListener('resume', returned);
      window.addEventListener('pagehide', leaving);
      window.addEventListener('pageshow', shown);
      return () => {
        document.removeEventListener('visibilitychange', change);
        document.removeEventListener('freeze', leaving);
        document.removeEventListener('resume', returned);
        window.removeEventListener('pagehide', leaving);
        window.removeEventListener('pageshow', shown);
      };
    },
  };
}
