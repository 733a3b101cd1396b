// Every order in which a refetch can cross a write: the refetch starts, is read at the server, arrives; the write is
// committed, its event arrives, its answer arrives.

export type Step = 'start' | 'snapshot' | 'result' | 'commit' | 'event' | 'answer';

const STEPS: readonly Step[] = ['start', 'snapshot', 'result', 'commit', 'event', 'answer'];
const BEFORE: readonly (readonly [Step, Step])[] = [['start', 'snapshot'], ['snapshot', 'result'], ['commit', 'event'], ['commit', 'answer']];

/** As texts, for the names of tests. */
export const ORDERS: readonly string[] = orders().map((order) => order.join(' '));

export function stepsOf(order: string): Step[] {
  return order.split(' ') as Step[];
}

/** The values without repetitions. */
export function distinct<T>(values: readonly T[]): T[] {
  return values.filter((value, index) => index === 0 || value !== values[index - 1]);
}

function orders(rest: readonly Step[] = STEPS, done: readonly Step[] = []): Step[][] {
  if (rest.length === 0) return [[...done]];
  const ready = rest.filter((step) => BEFORE.every(([first, second]) => second !== step || done.includes(first)));
  return ready.flatMap((step) => orders(rest.filter((other) => other !== step), [...done, step]));
}
