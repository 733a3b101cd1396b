// Builds dist/: ESM and CommonJS of all entries, each a single file, and their types. Needs the generated engines of `cargo xtask wasm`.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const out = (...parts) => join(here, 'dist', ...parts);

for (const engine of ['engine-wasm.ts', 'engine-js.js']) {
  if (!existsSync(join(here, 'src/generated', engine))) {
    console.error(`packages/client/src/generated/${engine} is missing: run \`cargo xtask wasm\` first`);
    process.exit(1);
  }
}

rmSync(out(), { recursive: true, force: true });
for (const [directory, format] of [['esm', 'esm'], ['cjs', 'cjs']]) {
  await build({
    absWorkingDir: here,
    entryPoints: { index: 'src/index.ts', js: 'src/js.ts', msgpack: 'src/msgpack.ts', services: 'src/services.ts', encryption: 'src/encryption.ts', recording: 'src/recording.ts', 'background-sync': 'src/background-sync.ts', 'socket-io': 'src/socket-io.ts' },
    // The engine is there once, in `index`.
    external: ['@msgpack/msgpack', './index.js'],
    outdir: out(directory),
    bundle: true,
    format,
    platform: 'neutral',
    target: 'es2020',
    legalComments: 'none',
    logLevel: 'warning',
  });
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', join(here, 'tsconfig.build.json'), '--outDir', out(directory)], { stdio: 'inherit' });
}
// Where there is no WebAssembly, `io()` stands on the other engine.
writeFileSync(out('cjs/socket-io-native.js'), readFileSync(out('cjs/socket-io.js'), 'utf8').replaceAll('"./index.js"', '"./js.js"'));
copyFileSync(out('cjs/socket-io.d.ts'), out('cjs/socket-io-native.d.ts'));
// The package is ESM by default; in here is CommonJS, types included.
mkdirSync(out('cjs'), { recursive: true });
writeFileSync(out('cjs/package.json'), '{ "type": "commonjs" }\n');
console.log('packages/client: dist built');
