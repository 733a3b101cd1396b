// What the recorder keeps: no payload, and a file that the same engine answers the same way (P2). Needs the generated engines (`cargo xtask wasm`).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { newClient, type TidewireOptions } from '../src/client.js';
import { rawEngine } from '../src/engine/binding.js';
import { createEngine as createJs, instantiate as instantiateJs } from '../src/engine/js.js';
import { createEngine as createWasm, instantiate as instantiateWasm } from '../src/engine/wasm.js';
import { recorder, type Recording } from '../src/recording.js';
import { blankFrame, fillerFor, utf8 } from '../src/recording/texts.js';
import { defineMutation } from '../src/rules.js';
import type { AnyEvents, IncomingResponse, OutgoingRequest } from '../src/types.js';
import { FakePlatform, quiet, sharedStore } from './support/platform.js';
import { replay } from './trace/driver.js';

/** The command, if it is built: `cargo build -p tidewire-cli`. */
const COMMAND = join(process.env['TIDEWIRE_BIN'] ?? fileURLToPath(new URL('../../../target/debug', import.meta.url)), 'tidewire');

const hex = (text: string): string => Array.from(utf8(text), (byte) => byte.toString(16).padStart(2, '0')).join('');
const create = defineMutation<{ temp: string; title: string }>({
  name: 'create', version: 1,
  request: ({ title }) => ({ method: 'POST', path: '/api/activities', body: { title } }),
  tempIds: ({ temp }) => [temp],
  realId: ({ data }) => (data as { id?: string }).id,
});
const like = defineMutation<string>({ name: 'like', version: 1, request: (id) => ({ method: 'POST', path: `/api/activities/${id}/like`, body: { id, note: 'SECRET-NOTE' } }) });

describe.each([
  ['wasm', createWasm, instantiateWasm],
  ['plain JavaScript', createJs, instantiateJs],
] as const)('a recording over the real engine (%s)', (_name, createEngine, instantiate) => {
  const again = (recording: Recording): ReturnType<typeof replay> => replay('it', recording.text, () => rawEngine(instantiate()));

  /** Two lives over one store: a link with a room and an event, a write that is answered, and two that the second life sends. */
  async function lives(options: Parameters<typeof recorder>[0]): Promise<readonly Recording[]> {
    const store = sharedStore();
    const taken: Recording[] = [];
    const requests: { request: OutgoingRequest; answer: (response: IncomingResponse) => void }[] = [];
    const request = (asked: OutgoingRequest): Promise<IncomingResponse> => new Promise((answer) => requests.push({ request: asked, answer }));
    const answered = async (status: number, body: string): Promise<void> => {
      const headers = new Headers({ 'Content-Type': 'application/json', 'Tidewire-Outcome': 'applied' });
      requests.shift()?.answer({ status, headers, text: () => Promise.resolve(body) });
      await quiet();
    };
    for (const life of [1, 2]) {
      const recording = recorder(options);
      const platform = new FakePlatform(store);
      const settings: TidewireOptions<AnyEvents> = { url: 'http://s', user: 'ana', token: () => 'SECRET-TOKEN', platform, request, mutations: [create, like], recording };
      const tw = newClient(settings, createEngine);
      tw.start();
      await tw.ready;
      platform.tabsEvents?.granted();
      await quiet();
      if (life === 1) {
        const connected = tw.connect();
        await quiet();
        const socket = platform.sockets.at(-1);
        socket?.events.opened();
        socket?.events.text('0{"sid":"e","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}');
        await quiet();
        socket?.events.text('40{"sid":"s1","tidewire":1}');
        await connected;
        tw.join('activities');
        await quiet();
        socket?.events.text('430[{"success":true,"epoch":"e1","offset":3,"recovered":false,"note":"SECRET-ACK"}]');
        socket?.events.text('42["tw",["activities","e1",4,"ev1",""],"activity:created",{"title":"SECRET-EVENT \u{1f30a}"}]');
        await quiet();
        tw.submit(like, 'a1');
        await quiet();
        await answered(200, '{"answer":"SECRET-ANSWER"}');
        tw.setProcessing(false);
        const temp = tw.tempId();
        tw.submit(create, { temp, title: 'SECRET-TITLE' });
        tw.submit(like, temp);
        await quiet();
        expect(requests).toHaveLength(0);
      } else {
        await answered(201, '{"id":"real-7","title":"SECRET-TITLE"}');
        expect(requests[0]?.request.url).toBe('http://s/api/activities/real-7/like');
        await answered(200, '{}');
        await tw.exportWrites();
      }
      const made = recording.take();
      if (made !== undefined) taken.push(made);
      tw.stop();
      await quiet();
    }
    return taken;
  }

  it('P2 without payloads it holds none, and replays', async () => {
    const taken = await lives({});
    expect(taken).toHaveLength(2);
    for (const recording of taken) {
      expect(recording).toMatchObject({ full: false, differs: undefined });
      expect(recording.text).toContain('# Without payloads');
      expect(recording.text).not.toContain(hex('SECRET'));
      const outcome = again(recording);
      expect(outcome.difference).toBeUndefined();
      expect(outcome.hash).toBe(outcome.expected);
      expect(outcome.calls).toBe(recording.steps);
    }
  });

  it('P2 one changed byte is found', async () => {
    const [recording] = await lives({ payloads: true });
    expect(recording?.text).toContain(hex('SECRET-TITLE'));
    if (recording === undefined) throw new Error('nothing was recorded');
    expect(again(recording)).toMatchObject({ calls: recording.steps });
    expect(again(recording).difference).toBeUndefined();
    const tampered = { ...recording, text: recording.text.replace(hex('SECRET-TITLE'), hex('SECRET-TITLF')) };
    expect(again(tampered).difference).toMatch(/another result/);
  });

  it.skipIf(!existsSync(COMMAND))('P2 the command replays it, and names the step that was changed', async () => {
    const [recording] = await lives({ payloads: true });
    if (recording === undefined) throw new Error('nothing was recorded');
    const directory = mkdtempSync(join(tmpdir(), 'tidewire-'));
    const run = (text: string): { readonly status: number | null; readonly stdout: string; readonly stderr: string } => {
      writeFileSync(join(directory, 'it.trace'), text);
      return spawnSync(COMMAND, ['replay', join(directory, 'it.trace')], { encoding: 'utf8' });
    };
    try {
      expect(run(recording.text)).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('as recorded') as string });
      const tampered = run(recording.text.replace(hex('SECRET-TITLE'), hex('SECRET-TITLF')));
      expect(tampered.status).toBe(1);
      expect(tampered.stderr).toMatch(/step \d+: this engine answers otherwise/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('P2 a full one keeps its beginning and says so', async () => {
    for (const options of [{ steps: 3 }, { bytes: 800 }]) {
      const [recording] = await lives(options);
      expect(recording).toMatchObject({ full: true });
      expect(recording?.steps).toBeGreaterThan(0);
      expect(recording?.text).toContain('# It ends where its limit was reached.');
      if (recording !== undefined) expect(again(recording).difference).toBeUndefined();
    }
  });
});

describe('what stands in the place of payloads', () => {
  it('a frame keeps what the engine reads', () => {
    expect(blankFrame('42["tw",["r","e1",7,"ev","w1"],"message:new",{"text":"secret"}]')).toBe('42["tw",["r","e1",7,"ev","w1"],"message:new"' + 'x'.repeat(19));
    expect(blankFrame('42/a,7["n\\"ame","secret"]')).toBe('42/a,7["n\\"ame"xxxxxxxxxx');
    expect(blankFrame('431[{"success":true,"epoch":"e1","offset":41,"text":"se\\"cret","n":41}]')).toBe('431[{"success":true,"epoch":"e1","offset":41,"text":"xxxxxxxx","n":11}]');
    expect(blankFrame('431["secret",12,{"a":["secr')).toBe('431["xxxxxx",11,{"a":["xxxx');
    expect(blankFrame('40{"sid":"s"}')).toBe('40{"sid":"s"}');
    expect(blankFrame('2')).toBe('2');
  });

  it('a filler is JSON of the same length and mentions the same temporary ids', () => {
    const filler = fillerFor(new Set(['tmp_12345678']));
    for (const text of ['{"id":"tmp_12345678","a":"secret"}', '"tmp_12345678"', '{}', '7', '', '"\u{e4}\u{1f30a}"']) {
      const filled = filler(text);
      expect(utf8(filled).length).toBe(utf8(text).length);
      expect(filled.includes('tmp_12345678')).toBe(text.includes('tmp_12345678'));
      if (text !== '') expect(() => JSON.parse(filled) as unknown).not.toThrow();
      expect(filled).not.toContain('secret');
    }
  });
});
