// @vitest-environment node
// Every TypeScript snippet of the documentation compiles, and every link between its pages leads somewhere.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { findingsIn, type VirtualModule } from '../snippets/compile.js';
import { blocksOf, exportsOf, moduleOf } from '../snippets/markdown.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const prelude = { path: './prelude', names: exportsOf(readFileSync(here('./prelude.tsx'), 'utf8')) };

const documents = [
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => join('docs', name)),
  'README.md',
  'packages/client/README.md',
  'packages/react/README.md',
].filter((name) => name.endsWith('.md') && existsSync(join(root, name)));
/** Its snippets need React Native's types: `packages/react-native` compiles them. */
const ELSEWHERE = join('docs', 'guides', 'react-native.md');

/** Each snippet as a module; the import that it needs takes its first line. */
// The API reference repeats declarations of the sources, which are compiled anyway.
const modules: (VirtualModule & { readonly place: (line: number) => string })[] = documents.filter((document) => document !== ELSEWHERE && !document.startsWith('docs/api/')).flatMap((document) =>
  blocksOf(readFileSync(join(root, document), 'utf8')).map((block) => ({
    name: `${document.replaceAll(/[/.]/g, '-')}-${block.number}.tsx`,
    text: moduleOf(block.code, prelude),
    place: (line: number) => `${document}:${block.line + line - 2}`,
  })),
);

it('every snippet of the documentation compiles', { timeout: 120_000 }, () => {
  expect(modules.length).toBeGreaterThan(20);
  const found = findingsIn(here('./tsconfig.json'), modules);
  expect(found.map(({ name, line, message }) => `${modules.find((module) => module.name === name)?.place(line) ?? name} ${message}`)).toEqual([]);
});

it('a snippet that is wrong is found', { timeout: 120_000 }, () => {
  const wrong = moduleOf("import { createTidewire } from '@tidewire/client';\ncreateTidewire({ url: '' });\ntw.emit('activity:creatd');", prelude);
  expect(findingsIn(here('./tsconfig.json'), [{ name: 'wrong.tsx', text: wrong }]).map(({ line }) => line)).toEqual([3, 4]);
});

it('every link between pages leads somewhere', () => {
  const dead = documents.flatMap((document) =>
    [...readFileSync(join(root, document), 'utf8').matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
      .map(([, target]) => target ?? '')
      .filter((target) => !existsSync(join(root, dirname(document), target)))
      .map((target) => `${document}: ${target}`),
  );
  expect(dead).toEqual([]);
});
