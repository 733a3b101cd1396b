// Builds dist/esm and dist/cjs, file by file, so that "use client" stays where it is written.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const here = dirname(fileURLToPath(import.meta.url));
const esm = join(here, 'dist/esm');
const cjs = join(here, 'dist/cjs');
rmSync(join(here, 'dist'), { recursive: true, force: true });

mkdirSync(esm, { recursive: true });

const { config } = ts.readConfigFile(join(here, 'tsconfig.json'), ts.sys.readFile);
const { options, fileNames } = ts.parseJsonConfigFileContent({ ...config, include: ['src'] }, ts.sys, here);
// Checked against the client's sources, which lie beside ours: it need not be built first.
const packages = dirname(here);
const program = ts.createProgram(fileNames, { ...options, noEmit: false, declaration: true, outDir: esm, rootDir: packages });
const source = join(here, 'src');
// Only our own files are emitted and reported; the client checks its own.
const ours = program.getSourceFiles().filter((file) => !relative(source, file.fileName).startsWith('..'));
const found = ours.flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]);
if (found.length > 0) {
  console.error(ts.formatDiagnosticsWithColorAndContext(found, { getCanonicalFileName: (name) => name, getCurrentDirectory: () => here, getNewLine: () => '\n' }));
  process.exit(1);
}
const place = (name) => join(esm, relative(join(esm, 'react/src'), name));
for (const file of ours) program.emit(file, (name, text) => ts.sys.writeFile(place(name), text));

for (const name of readdirSync(source, { recursive: true }).filter((one) => /\.tsx?$/.test(one))) {
  const out = join(cjs, name.replace(/\.tsx?$/, '.js'));
  const { outputText } = ts.transpileModule(readFileSync(join(source, name), 'utf8'), {
    compilerOptions: { ...options, module: ts.ModuleKind.CommonJS, moduleResolution: undefined, verbatimModuleSyntax: false, noEmit: false },
  });
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, outputText);
}
mkdirSync(cjs, { recursive: true });
cpSync(esm, cjs, { recursive: true, filter: (from) => !/\.js$/.test(from) });
writeFileSync(join(cjs, 'package.json'), '{ "type": "commonjs" }\n');
