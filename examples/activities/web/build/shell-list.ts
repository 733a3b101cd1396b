// Vite plugin: writes the list of the shell's files, and a version made from it, into the service worker. Knows nothing of
// what the worker does with them.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

const LIST = '__SHELL_FILES__';
const VERSION = '__SHELL_VERSION__';

export function shellList(): Plugin {
  let publicDir = '';
  return {
    name: 'shell-list',
    apply: 'build',
    enforce: 'post',
    configResolved(config) {
      publicDir = config.publicDir;
    },
    generateBundle(_options, bundle) {
      const worker = bundle['sw.js'];
      if (worker?.type !== 'chunk') throw new Error('The service worker is missing from the build.');

      const hash = createHash('sha256');
      const files = ['/'];
      for (const file of Object.values(bundle)) {
        if (file === worker || file.fileName.endsWith('.map')) continue;
        hash.update(file.fileName).update(file.type === 'chunk' ? file.code : file.source);
        if (file.fileName !== 'index.html') files.push(`/${file.fileName}`);
      }
      for (const file of readdirSync(publicDir)) {
        hash.update(file).update(readFileSync(join(publicDir, file)));
        files.push(`/${file}`);
      }
      files.sort();

      const code = worker.code
        .replace(LIST, JSON.stringify(files).replaceAll('\\', '\\\\').replaceAll('`', '\\`'))
        .replace(VERSION, hash.digest('hex').slice(0, 12));
      if (code.includes(LIST) || code.includes(VERSION)) throw new Error('The service worker names its list twice.');
      worker.code = code;
    },
  };
}
