// The seed's section on testing: its mocks of the modules are enough, because the hooks go through the modules (A5). `seed:16` is a test file of its own.
import { createElement, type ComponentType } from 'react';
import { act, render, screen } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { browser, memoryStore } from '@tidewire/client';
import { setBackend } from './app/backend.js';

setBackend({ url: 'http://nowhere.invalid', user: 'ana', token: () => null, platform: { ...browser(), store: memoryStore() } });

await import('seed:16?module');

describe('the seed\'s mock of the queue', () => {
  beforeEach(() => void vi.resetModules());

  it('A5 is enough for a component that writes and one that shows the queue', async () => {
    const { setBackend: set } = await import('./app/backend.js');
    set({ url: 'http://nowhere.invalid', user: 'ana', token: () => null, platform: { ...browser(), store: memoryStore() } });
    await import('seed:17?module');
    const { offlineQueue } = await import('./prelude.js');
    const { default: like } = (await import('seed:3')) as { default: () => { LikeButton: ComponentType<{ activity: { id: string } }> } };
    const { default: status } = (await import('seed:9')) as { default: () => { OfflineStatus: ComponentType } };
    const view = render(createElement('div', null, createElement(like().LikeButton, { activity: { id: 'a1' } }), createElement(status().OfflineStatus)));
    await act(async () => screen.getByRole('button').click());
    expect(offlineQueue.addToQueue).toHaveBeenCalledWith({ endpoint: '/api/activities/a1/like', method: 'POST' });
    expect(view.container.textContent).toBe('❤️ ');
  });
});
