// A store that lives as long as the port: for servers, tests, and browsers without IndexedDB.
import { censusOf, StoreFault, type Store, type StorePort, type StoreValue } from './port.js';

interface Partition {
  readonly records: Map<string, StoreValue>;
  epoch: number;
}

export function memoryStore(): StorePort {
  const partitions = new Map<string, Partition>();
  return {
    open(name) {
      const partition = partitions.get(name) ?? { records: new Map<string, StoreValue>(), epoch: 0 };
      partitions.set(name, partition);
      return Promise.resolve(opened(partition));
    },
    census: () => Promise.resolve(censusOf([...partitions].flatMap(([name, { records }]) => [...records.keys()].map((key) => [name, key] as const)))),
  };
}

function opened(partition: Partition): Store {
  let closed = false;
  const whileOpen = <T>(work: () => T): Promise<T> =>
    closed ? Promise.reject(new StoreFault('Failed', 'The store is closed')) : Promise.resolve().then(work);
  return {
    durability: 'memory',
    scan: (prefix = '') =>
      whileOpen(() =>
        [...partition.records]
          .filter(([key]) => key.startsWith(prefix))
          .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
          .map(([key, value]) => ({ key, value: copy(value) })),
      ),
    write: (steps, fence) => {
      const taken = steps.map((step) => ({ ...step, value: step.value === null ? null : copy(step.value) }));
      return whileOpen(() => {
        if (fence !== undefined && partition.epoch !== fence) throw new StoreFault('Fenced', 'Another tab leads');
        const decided = taken.map(({ key, value, over }) => {
          const stored = partition.records.get(key);
          return { key, value: value === null || over === undefined || stored === undefined ? value : copy(over(copy(stored))) };
        });
        for (const { key, value } of decided) {
          if (value === null) partition.records.delete(key);
          else partition.records.set(key, value);
        }
      });
    },
    lead: () => whileOpen(() => ++partition.epoch),
    close() {
      closed = true;
    },
  };
}

function copy(value: StoreValue): StoreValue {
  return typeof value === 'string' ? value : value.slice();
}
