// Bundles one entry with one rendering of the engine into a script that V8 and Hermes run: no modules, no class syntax.
// Hermes 0.12 knows `let` and `const`, but no classes: a class fails here already, since esbuild cannot lower it.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** All traces of vectors/traces, by name. */
export function readTraces() {
  const folder = here('../../../../vectors/traces/');
  const names = readdirSync(folder).filter((name) => name.endsWith('.trace'));
  return names.sort().map((name) => ({ name: name.slice(0, -6), text: readFileSync(folder + name, 'utf8') }));
}

/** `engine` is wasm or js; the script ends by handing `take(value)` the entry's exports. */
export async function bundle(entry, engine, take) {
  const made = {
    name: 'made',
    setup(setup) {
      setup.onResolve({ filter: /^engine-under-test$/ }, () => ({ path: here(`../../src/engine/${engine}.ts`) }));
      setup.onResolve({ filter: /^recorded-traces$/ }, (args) => ({ path: args.path, namespace: 'made' }));
      setup.onLoad({ filter: /.*/, namespace: 'made' }, () => ({
        contents: 'export const traces = ' + JSON.stringify(readTraces()),
      }));
    },
  };
  const result = await build({
    entryPoints: [here(entry)],
    bundle: true,
    format: 'iife',
    globalName: 'entry',
    footer: { js: `${take}(JSON.stringify(entry));` },
    target: 'es2015',
    supported: { class: false },
    charset: 'ascii',
    write: false,
    logLevel: 'error',
    plugins: [made],
  });
  return result.outputFiles[0].text;
}
