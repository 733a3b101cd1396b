// Time of the engine per event and per durable write, on each machine, as lines `name<TAB>value` for `cargo xtask bench engine`.

import { bundle } from './bundle.mjs';
import { runHermes, runV8 } from './machines.mjs';

const machines = [
  ['wasm', 'wasm', runV8],
  ['js', 'js', runV8],
  ['hermes', 'js', runHermes],
];

for (const [name, engine, run] of machines) {
  const { perEvent, perEnqueue } = JSON.parse(run(await bundle('./bench.ts', engine, 'print'))).figures;
  console.log(`${name}_event_us\t${perEvent.toFixed(1)}\n${name}_enqueue_us\t${perEnqueue.toFixed(1)}`);
}
