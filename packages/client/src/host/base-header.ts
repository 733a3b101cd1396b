// Reads `Tidewire-Base` (protocol section 4): what a fetched body covers. A header that does not parse counts as none,
// because a wrong position would lose events and a missing one costs a fetch. Same vectors as the wire crate's.
import type { Applied, BaseInfo, Position } from '../types.js';

const POSITION = /^((?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+)=([A-Za-z0-9_-]{1,32}):(\d{1,16})$/;
const RANGE = /^(\d{1,16})(?:-(\d{1,16}))?$/;

/** `client`: the id that the request carried; without one a claim of applied sequences means nothing. */
export function parseBase(header: string, client: string | undefined): BaseInfo | undefined {
  const [places = '', claim, ...more] = header.split(';').map((half) => half.trim());
  const positions = positionsOf(places);
  const ranges = claim === undefined ? undefined : rangesOf(claim);
  if (positions === undefined || more.length > 0 || (claim !== undefined && ranges === undefined)) return undefined;
  return ranges === undefined || client === undefined ? { positions } : { positions, applied: { client, ranges } };
}

function positionsOf(places: string): Position[] | undefined {
  if (places === '') return [];
  const positions = places.split(',').map((place) => positionOf(place.trim()));
  const known = positions.filter((position): position is Position => position !== undefined);
  const rooms = new Set(known.map(({ room }) => room));
  return rooms.size === positions.length ? known : undefined;
}

function positionOf(place: string): Position | undefined {
  const [, room, epoch, digits] = POSITION.exec(place) ?? [];
  const offset = Number(digits);
  if (room === undefined || epoch === undefined || !Number.isSafeInteger(offset)) return undefined;
  try {
    return { room: decodeURIComponent(room), epoch, offset };
  } catch {
    return undefined; // Escapes that are no UTF-8.
  }
}

function rangesOf(claim: string): Applied['ranges'] | undefined {
  if (!claim.startsWith('applied=')) return undefined;
  const text = claim.slice('applied='.length);
  const ranges: Applied['ranges'] = [];
  if (text === '') return ranges;
  let last = 0;
  for (const part of text.split(' ')) {
    const [, first, end] = RANGE.exec(part) ?? [];
    const from = Number(first);
    const to = end === undefined ? from : Number(end);
    if (first === undefined || !Number.isSafeInteger(to) || from <= last || to < from) return undefined;
    last = to;
    ranges.push({ from, to });
  }
  return ranges;
}
