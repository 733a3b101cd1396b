// This page as a device of the shared code: its network led through the tunnel, its session in the drawer of the tab or of the demo's phone.
import { browser } from '@tidewire/client';
import type { Device } from 'activities-shared/device.ts';
import { sessionsOn } from 'activities-shared/session/session.ts';
import { drawer, drawerKey, place } from './session/place.ts';
import { fetchInTunnel, requestInTunnel, throughTunnel } from './tunnel.ts';

export const device: Device = {
  server: '',
  platform: throughTunnel(browser()),
  drawer: {
    get: (name) => drawer.getItem(drawerKey(name)),
    set: (name, value) => (value === null ? drawer.removeItem(drawerKey(name)) : drawer.setItem(drawerKey(name), value)),
  },
  client: {
    // A phone of the demo is a device of its own, beside the tabs of this browser.
    env: place.kind === 'phone' ? 'phone' : 'default',
    fetch: fetchInTunnel,
    request: requestInTunnel,
  },
};

export const sessions = sessionsOn(device);
