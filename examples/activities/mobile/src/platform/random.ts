// Randomness where the page has `crypto`. On a phone `random.native.ts` stands in its place.
export const getRandomValues = (bytes: Uint8Array<ArrayBuffer>): Uint8Array => crypto.getRandomValues(bytes);
