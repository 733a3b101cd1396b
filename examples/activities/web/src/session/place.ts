// Which page of the app this is, by its address: the app as it is, where a login belongs to a tab; a phone of the demo, whose person is
// in the address and who stays signed in, as phones do; or the demo, which shows two such phones. Pure but for the address of this page.

export type Place = { readonly kind: 'app' } | { readonly kind: 'phone'; readonly person: string; readonly base: string } | { readonly kind: 'demo' };

export function placeOf(path: string): Place {
  if (/^\/demo\/?$/.test(path)) return { kind: 'demo' };
  const person = /^\/phone\/([a-z]{2,20})(?:\/|$)/.exec(path)?.[1];
  return person === undefined ? { kind: 'app' } : { kind: 'phone', person, base: `/phone/${person}` };
}

/** Where a phone of the demo stands. */
export const phoneAddress = (person: string, path = ''): string => `/phone/${person}${path}`;

export const place = placeOf(location.pathname);

/** Each phone has a drawer of its own in the browser, and keeps what is in it; the app keeps it for the tab. */
export const drawer: Storage = place.kind === 'phone' ? localStorage : sessionStorage;

export const drawerKey = (name: string): string => (place.kind === 'phone' ? `activities.phone.${place.person}.${name}` : `activities.${name}`);

/** This phone stands inside the demo's page. */
export const onStage = place.kind === 'phone' && window.parent !== window;
