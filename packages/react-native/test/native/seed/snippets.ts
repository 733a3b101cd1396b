// The seed's snippets as functions and modules, made by React Native's Babel preset. They are run where the test file is: with its `require`, aliases and mocks.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from '@babel/core';
import { blocksOf, callableOf, exportsOf, moduleOf, type Prelude } from '../../../../react/test/snippets/markdown';

const blocks = blocksOf(readFileSync(join(__dirname, '../../../../react/test/seed/seed.md'), 'utf8'));
const names = exportsOf(readFileSync(join(__dirname, 'prelude.tsx'), 'utf8'));

export interface Runner {
  readonly require: (name: string) => unknown;
  readonly jest: unknown;
}

function run(code: string, { require: from, jest }: Runner, lifted: boolean): Record<string, unknown> {
  const presets = [require.resolve('@react-native/babel-preset'), ...(lifted ? [require.resolve('babel-preset-jest')] : [])];
  const made = transformSync(code, { presets, babelrc: false, configFile: false, filename: join(__dirname, 'snippet.tsx') });
  const exports = {};
  new Function('require', 'exports', 'jest', made?.code ?? '')(from, exports, jest);
  return exports;
}

/** Snippet `number`, as a function that runs it and gives what it declares. */
export function snippet<T>(number: number, runner: Runner): () => T {
  const prelude: Prelude = { path: './prelude', names };
  return run(callableOf(blocks[number - 1]?.code ?? '', prelude), runner, false).default as () => T;
}

/** Snippet `number` as it stands, a test file: its mocks are lifted above its imports. `jest` is the test file's own. */
export function runModule(number: number, runner: Runner): void {
  const prelude: Prelude = { path: './prelude', names: new Set([...names].filter((name) => name !== 'jest')) };
  run(moduleOf(blocks[number - 1]?.code ?? '', prelude), runner, true);
}
