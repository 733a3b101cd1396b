// The machines that run a bundle: V8 here, and the Hermes VM of npm's hermes-engine-cli. Each takes the source of a script
// that calls `print(text)` and gives what it printed.

import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import vm from 'node:vm';

const require = createRequire(import.meta.url);
const bin = { linux: 'linux64-bin', darwin: 'osx-bin', win32: 'win64-bin' }[process.platform];
const packageDirectory = (name) => dirname(require.resolve(`${name}/package.json`));

function inFile(source, work) {
  const folder = mkdtempSync(join(tmpdir(), 'tidewire-trace-'));
  try {
    const file = join(folder, 'script.js');
    writeFileSync(file, source);
    return work(file, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function runV8(source) {
  let printed = '';
  const context = vm.createContext({ WebAssembly, print: (text) => (printed += text) });
  vm.runInContext(source, context);
  return printed;
}

export function runHermes(source) {
  const hermes = join(packageDirectory('hermes-engine-cli'), bin, 'hermes');
  return inFile(source, (file) => execFileSync(hermes, ['-O', '-w', file], { encoding: 'utf8', maxBuffer: 1 << 26 }));
}

/** Its bytecode; throws with the compiler's words. `which` is the old VM's compiler or Hermes V1's. */
export function compileHermes(source, which) {
  const hermesc =
    which === 'V1'
      ? join(packageDirectory('hermes-compiler'), 'hermesc', bin, 'hermesc')
      : join(packageDirectory('hermes-engine-cli'), bin, 'hermesc');
  return inFile(source, (file, folder) => {
    const out = join(folder, 'out.hbc');
    execFileSync(hermesc, ['-O', '-w', '-emit-binary', '-out', out, file], { stdio: 'pipe' });
    return readFileSync(out);
  });
}
