// P2: the same traces give the same outputs, byte for byte, natively (crates/ffi), as WebAssembly and as plain JavaScript on V8,
// and as plain JavaScript on a Hermes VM. `node --test packages/client/test/trace/engines.mjs`, after `cargo xtask wasm`.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundle, readTraces } from './bundle.mjs';
import { compileHermes, runHermes, runV8 } from './machines.mjs';

const machines = [
  ['V8, WebAssembly', 'wasm', runV8],
  ['V8, plain JavaScript', 'js', runV8],
  ['Hermes 0.12, plain JavaScript', 'js', runHermes],
];

for (const [name, engine, run] of machines) {
  test(`P2 ${name}: the outputs of every trace are those of the native engine`, async (t) => {
    const printed = run(await bundle('./replay.ts', engine, 'print'));
    const { outcomes } = JSON.parse(printed);
    assert.deepEqual(
      outcomes.map((outcome) => outcome.name),
      readTraces().map((trace) => trace.name),
    );
    assert.ok(outcomes.length >= 5, 'there are traces');
    for (const { name, hash, expected, difference } of outcomes) {
      assert.equal(difference, undefined, name);
      assert.equal(hash, expected, name);
    }
    const sum = (what) => outcomes.reduce((total, outcome) => total + outcome[what], 0);
    t.diagnostic(`${name}: ${outcomes.length} traces, ${sum('calls')} calls, ${sum('bytes')} bytes of results`);
  });
}

test('P2 a trace with one changed byte is noticed on Hermes', async () => {
  const source = await bundle('./replay.ts', 'js', 'print');
  const changed = source.replace(/(\\n< 00[0-9a-f]{6})([0-9a-f])/, (_, head, digit) => head + (digit === '0' ? '1' : '0'));
  assert.notEqual(changed, source);
  const { outcomes } = JSON.parse(runHermes(changed));
  assert.equal(outcomes.filter((outcome) => outcome.difference?.includes('another result')).length, 1);
});

// Hermes V1 has no VM in any registry; its compiler at least must take the same script.
for (const which of ['0.12', 'V1']) {
  test(`P2 the compiler of Hermes ${which} takes the engine`, async () => {
    const source = await bundle('./replay.ts', 'js', 'print');
    compileHermes(source, which);
    assert.throws(() => compileHermes(source + '\nvar = 1', which));
  });
}
