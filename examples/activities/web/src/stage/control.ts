// The demo's server as this page sees it: up or down, and, where `cargo xtask demo` runs it, killed and started again from here. The address
// of that control is in the address of the page, and nowhere else.
import { useCallback, useEffect, useState } from 'react';

export interface Control {
  readonly port: number;
  readonly word: string;
}

/** `unknown`: nobody offers to tell. `gone`: the command that ran it has ended, and with it everything that this page could ask. */
export type ServerState = 'unknown' | 'up' | 'down' | 'gone';

/** So often it is asked while a phone cannot reach it. */
const AGAIN_MS = 2_000;

export interface ServerControl {
  readonly state: ServerState;
  readonly pid: number | null;
  readonly busy: boolean;
  readonly kills: number;
  /** Absent where nobody offers it. */
  readonly kill: (() => void) | undefined;
  readonly start: (() => void) | undefined;
}

/** `#control=<port>.<word>` */
export function controlIn(hash: string): Control | null {
  const found = /(?:^#|&)control=(\d{1,5})\.([0-9a-f]{16,64})(?:&|$)/.exec(hash);
  const [, port, word] = found ?? [];
  return port === undefined || word === undefined || Number(port) > 65_535 ? null : { port: Number(port), word };
}

/** `missed`: a phone that has a network cannot reach it. */
export function useServer(control: Control | null, missed: boolean): ServerControl {
  const [pid, setPid] = useState<number | null>(null);
  const [state, setState] = useState<ServerState>(control === null ? 'unknown' : 'up');
  const [busy, setBusy] = useState(false);
  const [kills, setKills] = useState(0);

  const ask = useCallback(
    async (method: 'GET' | 'POST', path: string): Promise<boolean> => {
      if (control === null) return false;
      try {
        const response = await fetch(`http://127.0.0.1:${control.port}${path}`, { method, headers: { Authorization: `Bearer ${control.word}` } });
        const body: unknown = await response.json();
        const now: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'pid') : undefined;
        setPid(typeof now === 'number' ? now : null);
        setState(typeof now === 'number' ? 'up' : 'down');
        return response.ok;
      } catch {
        // The demo was ended in its terminal.
        setPid(null);
        setState('gone');
        return false;
      }
    },
    [control],
  );
  useEffect(() => {
    void ask('GET', '/server');
    if (!missed) return;
    const timer = setInterval(() => void ask('GET', '/server'), AGAIN_MS);
    return () => clearInterval(timer);
  }, [ask, missed]);

  const order = async (path: string): Promise<boolean> => {
    setBusy(true);
    const done = await ask('POST', path);
    setBusy(false);
    return done;
  };
  const kill = async (): Promise<void> => {
    if (await order('/server/kill')) setKills((count) => count + 1);
  };
  const offered = state === 'up' || state === 'down';
  return {
    state,
    pid,
    busy,
    kills,
    kill: offered ? () => void kill() : undefined,
    start: offered ? () => void order('/server/start') : undefined,
  };
}
