// Where the session is kept on a page: for this tab. On a phone `drawer.native.ts` stands in its place.
const key = (name: string): string => `activities.${name}`;

export const drawer = {
  get: (name: string): string | null => sessionStorage.getItem(key(name)),
  set: (name: string, value: string | null): void => (value === null ? sessionStorage.removeItem(key(name)) : sessionStorage.setItem(key(name), value)),
};
