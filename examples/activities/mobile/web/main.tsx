// The mobile app's screens in a browser, by react-native-web: for tests and for looking at them. It is no product; the web app is.
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from '../src/App';

const root = document.getElementById('root');
if (root === null) throw new Error('The page has no #root.');
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
