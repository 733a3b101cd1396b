// Entry: draws the app, or the demo's page with two of it, and registers the worker that lets it open without a network.
import '@fontsource-variable/figtree/wght.css';
import './theme/mantine.ts';
import './theme/tokens.css';
import { lazy, StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { place } from './session/place.ts';
import { registerWorker } from './worker/register.ts';

// The demo's page around the phones has nothing of the app in it, and the app nothing of that page.
const Page = place.kind === 'demo' ? lazy(() => import('./stage/Stage.tsx')) : lazy(() => import('./App.tsx'));

const root = document.getElementById('root');
if (root === null) throw new Error('The page has no #root.');
createRoot(root).render(
  <StrictMode>
    <Suspense>
      <Page />
    </Suspense>
  </StrictMode>,
);
registerWorker();
