// What a fetched value covers: the answer's own `Tidewire-Base`, or for a value made of several answers (the pages of
// an infinite query) what all of them cover. Pure.

import type { Applied, BaseInfo, Position } from '@tidewire/client';
import { isObject } from './entities.js';

export function baseInfoOf(data: unknown, lookUp: (data: unknown) => BaseInfo | undefined): BaseInfo | undefined {
  const direct = lookUp(data);
  if (direct) return direct;
  if (!isObject(data) || !Array.isArray(data.pages) || data.pages.length === 0) return undefined;
  const infos = data.pages.map(lookUp);
  return infos.every((info) => info !== undefined) ? infos.reduce(both) : undefined;
}

/** A room counts where both name it in one epoch, at the older offset; `applied` only where they agree. */
function both(a: BaseInfo, b: BaseInfo): BaseInfo {
  const positions = a.positions.flatMap((mine): Position[] => {
    const other = b.positions.find((position) => position.room === mine.room && position.epoch === mine.epoch);
    return other ? [other.offset < mine.offset ? other : mine] : [];
  });
  const applied = a.applied && b.applied && sameApplied(a.applied, b.applied) ? a.applied : undefined;
  return applied ? { positions, applied } : { positions };
}

function sameApplied(a: Applied, b: Applied): boolean {
  return a.client === b.client && JSON.stringify(a.ranges) === JSON.stringify(b.ranges);
}
