// Unit tests of what is pure, here and in the code shared with the mobile app. The app as a whole is tested in a real browser, in e2e.
import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { include: ['test/**/*.test.ts', '../shared/test/**/*.test.ts'] } });
