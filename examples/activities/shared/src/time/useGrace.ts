// A state that must last before it counts: short interruptions are nobody's business (C10).
import { useEffect, useState } from 'react';

/** True once `on` has been true for `grace` milliseconds; false at once when it is not. */
export function useGrace(on: boolean, grace: number): boolean {
  const [lasted, setLasted] = useState(false);
  useEffect(() => {
    if (!on) return;
    const timer = setTimeout(() => setLasted(true), grace);
    return () => {
      clearTimeout(timer);
      setLasted(false);
    };
  }, [on, grace]);
  return on && lasted;
}
