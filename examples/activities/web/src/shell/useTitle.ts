// The name of the window: what a screen reader says first, and what a tab shows.
import { useEffect } from 'react';

const APP = 'Activities';

/** `of`: what is shown, while it is. */
export function useTitle(of: string | undefined): void {
  useEffect(() => {
    if (of === undefined) return;
    document.title = `${of} · ${APP}`;
    return () => {
      document.title = APP;
    };
  }, [of]);
}
