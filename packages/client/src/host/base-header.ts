// Reads `Tidewire-Base` (protocol section 4): what a fetched body covers. A header that does not parse counts as none,
// because a wrong position would lose events and a missing one costs a fetch.
import type { Applied, BaseInfo, Position } from '../types.js';

const EPOCH = /^[A-Za-z0-9_-]{1,32}$/;

/** `client`: the id that the request carried. */
export function parseBase(header: string, client: string | undefined): BaseInfo | undefined {
  const halves = header.split(';');
  if (halves.length > 2) return undefined;
  const positions: Position[] = [];
  for (const part of split(halves[0] ?? '', ',')) {
    const position = positionOf(part);
    if (position === undefined) return undefined;
    positions.push(position);
  }
  const claim = (halves[1] ?? '').trim();
  if (claim === '') return { positions };
  const ranges = rangesOf(claim);
  if (ranges === undefined) return undefined;
  return client === undefined ? { positions } : { positions, applied: { client, ranges } };
}

function positionOf(part: string): Position | undefined {
  const equals = part.indexOf('=');
  const colon = part.lastIndexOf(':');
  if (equals < 1 || colon < equals) return undefined;
  const epoch = part.slice(equals + 1, colon);
  const offset = numberOf(part.slice(colon + 1));
  if (!EPOCH.test(epoch) || offset === undefined) return undefined;
  try {
    return { room: decodeURIComponent(part.slice(0, equals)), epoch, offset };
  } catch {
    return undefined;
  }
}

function rangesOf(claim: string): Applied['ranges'] | undefined {
  if (!claim.startsWith('applied=')) return undefined;
  const ranges: Applied['ranges'] = [];
  for (const part of split(claim.slice('applied='.length), ' ')) {
    const ends = part.split('-').map(numberOf);
    const from = ends[0];
    const to = ends.length === 1 ? from : ends[1];
    if (ends.length > 2 || from === undefined || to === undefined || from < 1 || to < from) return undefined;
    ranges.push({ from, to });
  }
  return ranges;
}

function split(text: string, by: string): string[] {
  return text
    .split(by)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function numberOf(text: string): number | undefined {
  if (!/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
