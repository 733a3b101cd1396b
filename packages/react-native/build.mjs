// Builds dist/: ESM and CommonJS, each a single file, and their types. The client stays outside: an app has it once. Needs the client's dist for its types.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const out = (...parts) => join(here, 'dist', ...parts);
rmSync(out(), { recursive: true, force: true });

for (const [directory, format] of [['esm', 'esm'], ['cjs', 'cjs']]) {
  await build({
    absWorkingDir: here,
    entryPoints: { index: 'src/index.ts' },
    external: ['@tidewire/client'],
    outdir: out(directory),
    bundle: true,
    format,
    platform: 'neutral',
    target: 'es2020',
    legalComments: 'none',
    logLevel: 'warning',
  });
}
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
execFileSync(process.execPath, [tsc, '-p', join(here, 'tsconfig.build.json'), '--outDir', out('esm')], { stdio: 'inherit' });
cpSync(out('esm'), out('cjs'), { recursive: true, filter: (from) => !/\.js$/.test(from) });
// The package is ESM by default; in here is CommonJS, types included.
mkdirSync(out('cjs'), { recursive: true });
writeFileSync(out('cjs/package.json'), '{ "type": "commonjs" }\n');
console.log('packages/react-native: dist built');
