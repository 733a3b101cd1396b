// What every store must do: it keeps text under keys that begin with `q/`, and bytes under all others. `describeStore` is run by each adapter's own test, with a way to open the same store again.
import { describe, expect, it } from 'vitest';
import type { StoreFault, StorePort, StoreRecord } from '../src/ports/port.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const keysOf = (records: readonly StoreRecord[]): string[] => records.map(({ key }) => key);
const faultOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (fault: StoreFault) => fault.kind,
  );

/** `fresh`: a port whose store is empty; opening its partitions again finds what was written. */
export function describeStore(name: string, fresh: () => StorePort): void {
  describe(`store: ${name}`, () => {
    it('is empty at first', async () => {
      const store = await fresh().open('p');
      expect(await store.scan()).toEqual([]);
    });

    it('gives back bytes and text, in key order', async () => {
      const store = await fresh().open('p');
      await store.write([{ key: 'w/b', value: bytes(1, 0, 255) }]);
      await store.write([{ key: 'q/x', value: 'text 🌊' }, { key: 'w/a', value: bytes() }, { key: 'm/c', value: bytes(7) }]);
      const records = await store.scan();
      expect(keysOf(records)).toEqual(['m/c', 'q/x', 'w/a', 'w/b']);
      expect(records[1]?.value).toBe('text 🌊');
      expect([...(records[3]?.value ?? [])]).toEqual([1, 0, 255]);
    });

    it('reads the records whose keys begin with something, alone', async () => {
      const store = await fresh().open('p');
      const keys = ['m/c', 'w', 'w/1', 'w/2', 'w/\uffff', 'w0', 'x/1'];
      await store.write(keys.map((key) => ({ key, value: bytes(1) })));
      expect(keysOf(await store.scan('w/'))).toEqual(['w/1', 'w/2', 'w/\uffff']);
      expect(await store.scan('y')).toEqual([]);
    });

    it('Q20 counts the writes of every partition, whoever opened them', async () => {
      const port = fresh();
      const [ana, ben] = [await port.open('app|env|ana'), await port.open('app|env|ben')];
      await ana.write([{ key: 'w/1', value: bytes(1) }, { key: 'w/2', value: bytes(2) }, { key: 'm/client', value: bytes(3) }]);
      await ben.write([{ key: 'w/1', value: bytes(1) }]);
      await ben.lead();
      expect(await port.census?.()).toEqual([
        { partition: 'app|env|ana', writes: 2 },
        { partition: 'app|env|ben', writes: 1 },
      ]);
    });

    it('replaces and removes single keys', async () => {
      const store = await fresh().open('p');
      await store.write([{ key: 'q/a', value: 'old' }, { key: 'q/b', value: 'b' }]);
      await store.write([{ key: 'q/a', value: 'new' }]);
      await store.write([{ key: 'q/b', value: null }, { key: 'q/never', value: null }]);
      expect(await store.scan()).toEqual([{ key: 'q/a', value: 'new' }]);
    });

    it('Q19 asks what to put over a record that stands, and only then', async () => {
      const port = fresh();
      const [one, two] = [await port.open('p'), await port.open('p')];
      const over = (stored: unknown): string => `${String(stored)}+`;
      await one.write([{ key: 'q/a', value: 'new', over }]);
      await two.write([{ key: 'q/a', value: 'other', over }, { key: 'q/b', value: 'b', over }]);
      expect(await one.scan()).toEqual([{ key: 'q/a', value: 'new+' }, { key: 'q/b', value: 'b' }]);
    });

    it('Q19 two that write over the same record at once lose neither', async () => {
      const port = fresh();
      const stores = await Promise.all([1, 2, 3, 4].map(() => port.open('p')));
      await stores[0]?.write([{ key: 'q/a', value: '' }]);
      await Promise.all(stores.map((store, at) => store.write([{ key: 'q/a', value: 'lost', over: (stored) => `${String(stored)}${at}` }])));
      const [record] = (await stores[0]?.scan()) ?? [];
      expect([...String(record?.value)].sort()).toEqual(['0', '1', '2', '3']);
    });

    it('Q2 writes take effect in the order of the calls, whoever waits', async () => {
      const store = await fresh().open('p');
      await Promise.all(Array.from({ length: 20 }, (_, at) => store.write([{ key: 'q/k', value: String(at) }])));
      expect(await store.scan()).toEqual([{ key: 'q/k', value: '19' }]);
    });

    it('does not share memory with who wrote or reads', async () => {
      const store = await fresh().open('p');
      const value = bytes(1, 2, 3);
      const written = store.write([{ key: 'w/k', value }]);
      value[0] = 9;
      await written;
      const [first] = await store.scan();
      if (first?.value instanceof Uint8Array) first.value[1] = 9;
      const [again] = await store.scan();
      expect([...(again?.value ?? [])]).toEqual([1, 2, 3]);
    });

    it('Q20 keeps partitions apart, also where one name begins like another', async () => {
      const port = fresh();
      const ana = await port.open('app|env|ana');
      const anabel = await port.open('app|env|anabel');
      await ana.write([{ key: 'q/k', value: 'ana' }]);
      await anabel.write([{ key: 'q/k', value: 'anabel' }]);
      const lead = await ana.lead();
      await anabel.lead();
      await ana.write([{ key: 'q/l', value: null }], lead);
      await anabel.write([{ key: 'q/k', value: null }]);
      expect(await ana.scan()).toEqual([{ key: 'q/k', value: 'ana' }]);
      expect(await anabel.scan()).toEqual([]);
    });

    it('Q1 finds after opening again what was acknowledged before, and the leadership counts on', async () => {
      const port = fresh();
      const store = await port.open('p');
      await store.write([{ key: 'w/k', value: bytes(5) }]);
      const lead = await store.lead();
      store.close();
      const again = await port.open('p');
      expect(keysOf(await again.scan())).toEqual(['w/k']);
      expect(await again.lead()).toBe(lead + 1);
    });

    it('Q19 refuses a step of an earlier leadership, whole, and takes that of the present one', async () => {
      const store = await fresh().open('p');
      const first = await store.lead();
      await store.write([{ key: 'q/a', value: '1' }], first);
      const second = await store.lead();
      expect(second).toBeGreaterThan(first);
      expect(await faultOf(store.write([{ key: 'q/a', value: 'late' }, { key: 'q/b', value: 'late' }], first))).toBe('Fenced');
      expect(await faultOf(store.write([{ key: 'q/a', value: null }], first))).toBe('Fenced');
      // One that the store does not know: it was emptied since (Q4).
      expect(await faultOf(store.write([{ key: 'q/a', value: 'lost' }], second + 1))).toBe('Fenced');
      await store.write([{ key: 'q/c', value: '3' }], second);
      await store.write([{ key: 'q/d', value: '4' }]);
      expect(await store.scan()).toEqual([
        { key: 'q/a', value: '1' },
        { key: 'q/c', value: '3' },
        { key: 'q/d', value: '4' },
      ]);
    });

    it('Q19 two tabs never get the same leadership', async () => {
      const port = fresh();
      const [one, two] = [await port.open('p'), await port.open('p')];
      const epochs = await Promise.all([one.lead(), two.lead(), one.lead(), two.lead()]);
      expect(new Set(epochs).size).toBe(4);
      expect(await faultOf(one.write([{ key: 'q/k', value: '1' }], Math.min(...epochs)))).toBe('Fenced');
    });

    it('a leadership is no record', async () => {
      const store = await fresh().open('p');
      await store.lead();
      expect(await store.scan()).toEqual([]);
    });

    it('a write right before close is still written; after close nothing works', async () => {
      const port = fresh();
      const store = await port.open('p');
      const last = store.write([{ key: 'q/k', value: 'last' }]);
      store.close();
      await last;
      expect(await faultOf(store.write([{ key: 'q/k', value: 'after' }]))).toBe('Failed');
      expect(await faultOf(store.scan())).toBe('Failed');
      expect(await (await port.open('p')).scan()).toEqual([{ key: 'q/k', value: 'last' }]);
    });

    it('Q3 holds a thousand records', async () => {
      const store = await fresh().open('p');
      const steps = Array.from({ length: 1_000 }, (_, at) => ({ key: `w/${String(at).padStart(4, '0')}`, value: bytes(at & 255) }));
      await store.write(steps);
      expect(keysOf(await store.scan())).toEqual(steps.map(({ key }) => key));
    });
  });
}
