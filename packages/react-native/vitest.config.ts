// What is pure, and the stores. What needs React Native itself is run by Jest with its preset (test/native).
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  // The client is that of the `react-native` condition, from its sources.
  resolve: { alias: [{ find: /^@tidewire\/client$/, replacement: path('../client/src/js.ts') }] },
  // Its modules are written for bundlers, without extensions.
  test: { include: ['test/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000, server: { deps: { inline: [/async-storage/] } } },
});
