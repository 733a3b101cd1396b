// The benchmark that runs in each engine: a session is brought up, then many events and many writes go through it, each in a
// step of its own, as they come in an app. The answers of server and store are made here; no Node, no class syntax.

import { instantiate } from 'engine-under-test';
import { bindEngine } from '../../src/engine/binding.js';
import type { Message, Output } from '../../src/generated/protocol.js';

const EVENTS = 1500;
const ENQUEUES = 90;
const ROUNDS = 5;

const now = { mono: 1000, wall: 1790000000000 };

function newEngine() {
  const config = { partition: 'bench|test|ana', server: 'Tidewire', namespace: '/', origins: [], polling: false } as const;
  const engine = bindEngine(instantiate(), config, new Uint8Array(32), now);
  let bodies = 0;
  let link = 0;

  function received(text: string): Message {
    bodies++;
    return { kind: 'Received', link, head: text, length: text.length, body: { kind: 'Json', body: bodies, last: undefined } };
  }

  function react(output: Output): Message[] {
    switch (output.kind) {
      case 'Load':
        return [{ kind: 'Loaded', load: output.load, records: [] }];
      case 'Persist':
        return [{ kind: 'Persisted', persist: output.persist }];
      case 'FetchAuth':
        return [{ kind: 'Auth', auth: output.auth, result: { kind: 'Token', token: 't' } }];
      case 'Open':
        link = output.link;
        return [{ kind: 'Opened', link }, received('0{"sid":"e","upgrades":[],"pingInterval":25000,"pingTimeout":20000}')];
      case 'Send': {
        if (output.text.indexOf('40') === 0) return [received('40{"sid":"s","tidewire":1}')];
        const join = /^42(\d+)\["room:join"/.exec(output.text);
        return join ? [received('43' + join[1] + '[{"success":true,"epoch":"k3j","offset":0,"recovered":false}]')] : [];
      }
      default:
        return [];
    }
  }

  /** One step, and what the world answers in further ones. Counts steps. */
  function run(messages: Message[]): number {
    let steps = 0;
    while (messages.length > 0) {
      const { outputs } = engine.step(messages, now);
      messages = [];
      for (let i = 0; i < outputs.length; i++) messages.push(...react(outputs[i]!));
      steps++;
    }
    return steps;
  }

  run([{ kind: 'Leader', epoch: 1 }, { kind: 'Connect' }, { kind: 'Join', room: 'activities' }]);
  run([
    { kind: 'Bound', room: 'activities', queries: [1] },
    { kind: 'FetchStarted', query: 1, read: 1 },
    {
      kind: 'BaseInstalled',
      query: 1,
      read: 1,
      positions: [{ room: 'activities', epoch: 'k3j', offset: 0 }],
      carries: [],
      restored: false,
    },
    { kind: 'SetProcessing', on: false },
  ]);
  return { engine, run, received };
}

const PAYLOAD =
  '{"activityId":"0b7f8f8e-6c57-4f0b-9a55","likeCount":17,"userId":"ben","title":"Bouldern am Mittwoch, danach Suppe"}';

/** Milliseconds for all events of a round. A throw means that the engine did not do what is measured. */
function events(): number {
  const { engine, received } = newEngine();
  const started = Date.now();
  let seen = 0;
  for (let i = 1; i <= EVENTS; i++) {
    const meta = '["activities","k3j",' + i + ',"Zr3vQe5tY' + i + '",""]';
    const message = received('42["tw",' + meta + ',"activity:like_added",' + PAYLOAD + ']');
    const outputs = engine.step([message], now).outputs;
    for (let o = 0; o < outputs.length; o++) if (outputs[o]!.kind === 'Event') seen++;
  }
  const taken = Date.now() - started;
  if (seen !== EVENTS) throw new Error(seen + ' of ' + EVENTS + ' events');
  return taken;
}

/** Milliseconds for all writes of a round, each until it is durable. */
function enqueues(): number {
  let taken = 0;
  for (let round = 0; round < 5; round++) {
    const { engine } = newEngine();
    const started = Date.now();
    let durable = 0;
    for (let i = 0; i < ENQUEUES; i++) {
      const submitted = engine.step(
        [
          {
            kind: 'Submit',
            write: {
              name: 'message.send',
              version: 1,
              variables: PAYLOAD,
              method: 'POST',
              path: '/api/activities/' + i + '/messages',
              body: PAYLOAD,
              optimistic: true,
              keepLayerWhenParked: true,
              idempotent: false,
              verify: false,
              touched: [1], dependsOn: [], tempIds: [], dedupeKey: undefined, coalesce: { kind: 'None' }, onConflict: false, tries: undefined,
            },
          },
        ],
        now,
      ).outputs;
      for (let o = 0; o < submitted.length; o++) {
        const output = submitted[o]!;
        if (output.kind === 'Persist') {
          engine.step([{ kind: 'Persisted', persist: output.persist }], now);
          durable++;
        }
      }
    }
    taken += Date.now() - started;
    if (durable < ENQUEUES) throw new Error(durable + ' of ' + ENQUEUES + ' writes');
  }
  return taken / 5;
}

/** The best of some rounds: the machine does other things too. */
function best(round: () => number, count: number): number {
  let least = Infinity;
  for (let i = 0; i < ROUNDS; i++) least = Math.min(least, round());
  return (least / count) * 1000;
}

/** One export: Hermes 0.12 has no `let` per iteration, so that of several exports of a bundle all would be the last one. */
export const figures = { perEvent: best(events, EVENTS), perEnqueue: best(enqueues, ENQUEUES) };
