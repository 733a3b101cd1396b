// @vitest-environment node
// Each snippet of the seed compiles as it stands, under the prelude (A, A6).
import { describe, expect, it } from 'vitest';
import { findingsIn } from '../snippets/compile.js';
import { moduleOf } from '../snippets/markdown.js';
import { blocks, here, prelude } from './blocks.js';

const compiled = (codes: readonly string[]): string[] =>
  findingsIn(
    here('./tsconfig.json'),
    codes.map((code, index) => ({ name: `block-${index + 1}.tsx`, text: moduleOf(code, prelude('./prelude')) })),
  ).map(({ name, line, message }) => `${name}:${line} ${message}`);

describe('A A1 A2 A4 A5 A6 the seed', () => {
  it('A6 every snippet compiles as it stands', { timeout: 120_000 }, () => {
    expect(blocks).toHaveLength(23);
    expect(compiled(blocks.map(({ code }) => code))).toEqual([]);
  });

  it('A6 an unknown name or a wrong payload in it does not', { timeout: 120_000 }, () => {
    const wrong: [number, string, string][] = [
      [2, "'activity:updated'", "'activity:updatd'"],
      [2, 'activity.id', 'activity.identity'],
      [3, 'mutate(activity.id)', 'mutate(7)'],
      [3, 'context?.previous', 'context?.before'],
      [5, "{ chatId: '123' }", '{ chatId: 123 }'],
      [5, "'message:send'", "'message:sent'"],
      [7, "'POST'", "'POSTED'"],
      [7, 'maxRetries: 3', 'maxRetrys: 3'],
      [8, 'result.failed', 'result.lost'],
    ];
    const codes = wrong.map(([number, from, to]) => {
      const code = blocks[number - 1]?.code ?? '';
      expect(code).toContain(from);
      return code.replace(from, to);
    });
    const found = compiled(codes);
    for (const index of wrong.keys()) expect(found.filter((line) => line.startsWith(`block-${index + 1}.tsx`)), String(wrong[index])).not.toEqual([]);
  });
});
