// Lets a test import the seed's snippets: `seed:3` is snippet 3 as a function that runs it, `seed:16?module` the module as it stands.
import { transformWithOxc, type Plugin } from 'vite';
import { callableOf, moduleOf } from '../snippets/markdown.js';
import { blocks, here, prelude } from './blocks.js';

const PREFIX = 'seed:';
/** Vite's plugins must see a TypeScript file. */
const RESOLVED = /seed-(\d+)(-module)?\.tsx$/;

export function seedSnippets(): Plugin {
  return {
    name: 'seed-snippets',
    enforce: 'pre',
    resolveId(id) {
      if (!id.startsWith(PREFIX)) return undefined;
      const [number, whole] = id.slice(PREFIX.length).split('?');
      return here(`./seed-${number}${whole === undefined ? '' : '-module'}.tsx`);
    },
    async load(id) {
      const [, number, whole] = RESOLVED.exec(id) ?? [];
      if (number === undefined) return undefined;
      const code = blocks[Number(number) - 1]?.code ?? '';
      const from = prelude(here('./prelude.tsx'));
      // Vitest lifts mocks of the modules above their imports, by its own name.
      const text = whole === undefined ? callableOf(code, from) : `import { vi } from 'vitest';\n${moduleOf(code.replaceAll(/\bjest\.(?=mock|fn)/g, 'vi.'), from)}`;
      const { code: javascript } = await transformWithOxc(text, id, { lang: 'tsx', jsx: { runtime: 'automatic' }, target: 'es2022' });
      return javascript;
    },
  };
}
