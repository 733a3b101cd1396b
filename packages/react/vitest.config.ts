import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { seedSnippets } from './test/seed/plugin.js';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  plugins: [seedSnippets()],
  resolve: {
    alias: [
      { find: /^@services\/(.*)$/, replacement: path('./test/seed/app/services/$1.ts') },
      { find: /^@shared\/(.*)$/, replacement: path('./test/seed/app/shared/$1.ts') },
      { find: /^@features\/(.*)$/, replacement: path('./test/seed/app/features/$1.ts') },
      { find: /^@tidewire\/client\/services$/, replacement: path('../client/src/services.ts') },
      { find: /^@tidewire\/client$/, replacement: path('../client/src/index.ts') },
      { find: /^@tidewire\/react\/services$/, replacement: path('./src/services.ts') },
      { find: /^@tidewire\/react$/, replacement: path('./src/index.ts') },
    ],
  },
  test: {
    environment: 'happy-dom',
    environmentOptions: { happyDOM: { settings: { fetch: { disableSameOriginPolicy: true } } } },
    include: ['test/**/*.test.{ts,tsx}'],
  },
});
