// Where one is after going to another screen of a narrow window: at the heading of what was picked, or, back in the list, as far down as
// before and at the row that one came from. A wide window shows both, and nothing moves.
import { useLayoutEffect, useRef, type RefObject, type UIEvent } from 'react';

export interface Way {
  readonly list: RefObject<HTMLElement | null>;
  readonly detail: RefObject<HTMLElement | null>;
  readonly onScroll: (event: UIEvent<HTMLElement>) => void;
}

/** `id`: of the activity that is shown, or null for the list. */
export function useWay(id: string | null, wide: boolean): Way {
  const list = useRef<HTMLElement>(null);
  const detail = useRef<HTMLElement>(null);
  const scrolled = useRef(0);
  const before = useRef(id);

  useLayoutEffect(() => {
    const from = before.current;
    before.current = id;
    if (from === id || wide) return;
    if (id !== null) {
      detail.current?.querySelector('h1')?.focus();
    } else if (list.current !== null && from !== null) {
      list.current.scrollTop = scrolled.current;
      list.current.querySelector<HTMLElement>(`a[href$="/activities/${encodeURIComponent(from)}"]`)?.focus();
    }
  }, [id, wide]);

  return { list, detail, onScroll: (event) => void (scrolled.current = event.currentTarget.scrollTop) };
}
