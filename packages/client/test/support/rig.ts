// A client on a scripted engine and a fake platform.
import { newClient, type TidewireOptions } from '../../src/client.js';
import type { EngineOutput } from '../../src/generated/protocol.js';
import type { AnyEvents, LogNote, Tidewire } from '../../src/types.js';
import { ScriptedEngine } from './engine.js';
import { FakePlatform, quiet } from './platform.js';

export interface Rig<E extends object> {
  readonly tw: Tidewire<E>;
  readonly engine: ScriptedEngine;
  readonly platform: FakePlatform;
  readonly notes: LogNote[];
  /** Lets the engine say this, and waits until all is performed. */
  say(...outputs: EngineOutput[]): Promise<void>;
}

export function rig<E extends object = AnyEvents>(options: Partial<TidewireOptions<E>> = {}, platform = new FakePlatform()): Rig<E> {
  const engine = new ScriptedEngine();
  const notes: LogNote[] = [];
  const tw = newClient<E>(
    { url: 'http://server', user: 'ana', token: () => 'secret', platform, log: (note) => notes.push(note), ...options },
    engine.create,
  );
  const say = async (...outputs: EngineOutput[]): Promise<void> => {
    engine.give(...outputs);
    platform.tellNetwork('Changed');
    await quiet();
  };
  return { tw, engine, platform, notes, say };
}
