// What `plugin.ts` makes importable.
declare module 'seed:*' {
  const run: () => unknown;
  export default run;
}
