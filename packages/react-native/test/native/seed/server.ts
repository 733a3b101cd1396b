// The real Activities server as a process of its own. Built by `cargo xtask test`, or `cargo build -p activities-server`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Server {
  readonly url: string;
  login(name: string): Promise<string>;
  call(token: string, method: string, path: string, body?: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

export async function server(): Promise<Server> {
  const binary = join(process.env['TIDEWIRE_BIN'] ?? join(__dirname, '../../../../../target/debug'), 'activities-server');
  if (!existsSync(binary)) throw new Error(`${binary} is missing: cargo build -p activities-server`);
  const data = mkdtempSync(join(tmpdir(), 'tidewire-native-'));
  const child = spawn(binary, ['--port', '0', '--data', data], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const url = /listening on (http:\/\/\S+)/.exec(line)?.[1];
  if (url === undefined) throw new Error(`the server said: ${line}`);
  const call: Server['call'] = async (token, method, path, body) => {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    const response = await fetch(`${url}${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  return {
    url,
    call,
    login: async (name) => ((await call('', 'POST', '/api/login', { name })) as { token: string }).token,
    stop: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      rmSync(data, { recursive: true, force: true });
    },
  };
}
