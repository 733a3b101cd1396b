// The snippets of the guide for React Native compile, with the types of React Native and of the modules that they import.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { findingsIn } from '../../react/test/snippets/compile.js';
import { blocksOf, moduleOf } from '../../react/test/snippets/markdown.js';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const blocks = blocksOf(readFileSync(here('../../../docs/guides/react-native.md'), 'utf8'));
/** The first snippet is a module of the app, which the others import from. */
const prelude = { path: './guide-1', names: new Set(['clientOf', 'like']) };
const compiled = (codes: readonly string[]): string[] =>
  findingsIn(
    here('./native/tsconfig.json'),
    [
      ...codes.map((code, at) => ({ name: `guide-${at + 1}.tsx`, text: moduleOf(code, prelude) })),
      // Types alone, as the example declares them: Expo is not installed here.
      { name: 'expo.d.ts', text: readFileSync(here('../../../examples/activities/mobile/types/expo.d.ts'), 'utf8') },
    ],
  ).map(({ name, line, message }) => `${name}:${line} ${message}`);

it('A6 every snippet compiles, and a wrong one does not', { timeout: 120_000 }, () => {
  const codes = blocks.map(({ code }) => code);
  expect(codes).toHaveLength(4);
  expect(compiled(codes)).toEqual([]);
  const wrong = codes.map((code) => code.replace('budgetMs: 20_000', 'budget: 20_000').replace('netInfo: NetInfo', 'netInfo: AppState'));
  expect([...new Set(compiled(wrong).map((line) => line.split(':')[0]))]).toEqual(['guide-1.tsx', 'guide-4.tsx']);
});
