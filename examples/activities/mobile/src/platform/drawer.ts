// Where the session is kept on a page: for this tab. On a phone `drawer.native.ts` stands in its place.
export const drawer = {
  get: (name: string): string | null => sessionStorage.getItem(name),
  set: (name: string, value: string | null): void => (value === null ? sessionStorage.removeItem(name) : sessionStorage.setItem(name, value)),
};
