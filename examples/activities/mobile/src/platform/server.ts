// Where the server is, for a page that it serves itself. On a phone `server.native.ts` stands in its place.
export const server = '';
