// Modules that test/trace/bundle.mjs makes while it bundles.

declare module 'engine-under-test' {
  export { instantiate } from '../../src/engine/js.js';
}
declare module 'recorded-traces' {
  export const traces: readonly { readonly name: string; readonly text: string }[];
}
