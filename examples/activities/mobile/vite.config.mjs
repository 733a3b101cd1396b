// The screens by react-native-web. Its modules come from the repository's own node_modules: Expo need not be installed, and where it is, its React is another.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url));

export default defineConfig({
  root: fileURLToPath(new URL('./web', import.meta.url)),
  resolve: {
    alias: [
      { find: /^react-native$/, replacement: `${modules}/react-native-web` },
      { find: /^((?:react|react-dom|@tanstack\/react-query|@react-native-community\/netinfo|@react-native-async-storage\/async-storage|@tidewire\/[a-z-]+)(?:\/.*)?)$/, replacement: `${modules}/$1` },
    ],
    extensions: ['.web.tsx', '.web.ts', '.web.js', '.tsx', '.ts', '.js', '.mjs', '.json'],
  },
  define: { 'process.env.NODE_ENV': '"production"', __DEV__: 'false', global: 'globalThis' },
  build: { target: 'es2022', chunkSizeWarningLimit: 2_000, emptyOutDir: true },
});
