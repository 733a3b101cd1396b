// Build and dev server of the web app. In development the API and the socket are those of a server on port 4680.
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { shellList } from './build/shell-list.ts';

const server = process.env['ACTIVITIES_SERVER'] ?? 'http://127.0.0.1:4680';

export default defineConfig({
  plugins: [react(), shellList()],
  server: {
    proxy: {
      '/api': server,
      '/tidewire': server,
      '/socket.io': { target: server, ws: true },
    },
  },
  build: {
    target: 'es2022',
    // Those that know `light-dark()`, which tokens.css is made of.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // The engine is inside, as WebAssembly in text.
    chunkSizeWarningLimit: 1_200,
    rolldownOptions: {
      input: { main: 'index.html', sw: 'src/worker/sw.ts' },
      output: {
        // The worker's scope is its own folder, and its address must stay the same between builds.
        entryFileNames: (chunk) => (chunk.name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js'),
      },
    },
  },
});
