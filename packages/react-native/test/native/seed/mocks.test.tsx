// The seed's section on testing, as it stands, under React Native's Jest: its mocks of the modules are enough, because the hooks go through the modules (A5).
import { describe, expect, it, jest } from '@jest/globals';
import { setBackend } from '../../../../react/test/seed/app/backend';
import { phone } from '../world';
import { runModule } from './snippets';

setBackend({ url: 'http://nowhere.invalid', user: 'ana', token: () => null, platform: phone().platform });
const runner = { require, jest };

// A test file of its own: it makes its mock, renders a list and tells it an event.
runModule(16, runner);

describe("A5 the seed's mock of the queue", () => {
  it('is enough for what asks the queue', () => {
    jest.resetModules();
    runModule(17, runner);
    const { offlineQueue } = require('@services/offline/offlineQueue') as typeof import('@services/offline/offlineQueue');
    expect(offlineQueue.getQueueStatus()).toEqual({ count: 0, processing: false });
    expect(jest.isMockFunction(offlineQueue.addToQueue)).toBe(true);
  });
});
