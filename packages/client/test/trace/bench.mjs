// Time of the engine per event and per durable write, on each machine, as one table: `cargo xtask bench engine`.

import { bundle } from './bundle.mjs';
import { runHermes, runV8 } from './machines.mjs';

const machines = [
  ['V8, WebAssembly', 'wasm', runV8],
  ['V8, plain JavaScript', 'js', runV8],
  ['Hermes 0.12, plain JavaScript', 'js', runHermes],
];

const rows = [];
for (const [name, engine, run] of machines) {
  rows.push({ name, ...JSON.parse(run(await bundle('./bench.ts', engine, 'print'))) });
}
const [first] = rows;
const cell = (row, what) => `${row[what].toFixed(0)} | ${(row[what] / first[what]).toFixed(1)}`;
console.log('| machine | µs per event | ratio | µs per durable write | ratio |\n|---|--:|--:|--:|--:|');
for (const row of rows) console.log(`| ${row.name} | ${cell(row, 'perEvent')} | ${cell(row, 'perEnqueue')} |`);
