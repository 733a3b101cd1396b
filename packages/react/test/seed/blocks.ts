// The seed's snippets, and the prelude that completes them.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { blocksOf, exportsOf, type Block, type Prelude } from '../snippets/markdown.js';

export const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export const blocks: readonly Block[] = blocksOf(readFileSync(here('./seed.md'), 'utf8'));

export function prelude(path: string): Prelude {
  return { path, names: exportsOf(readFileSync(here('./prelude.tsx'), 'utf8')) };
}
