// The stack of layers, in the order in which they were added, and the writer that records their operations.
// Which layers exist and when one goes is the engine's decision.

import type { LayerWriter, QueryKey } from '@tidewire/client';
import type { Layer, Operation } from './fold.js';
import type { RuleTable } from './rules.js';

export class LayerStack {
  #layers: Layer[] = [];

  get all(): readonly Layer[] {
    return this.#layers;
  }

  of(write: string): Layer | undefined {
    return this.#layers.find((layer) => layer.write === write);
  }

  push(layer: Layer): void {
    if (!this.#layers.includes(layer)) this.#layers.push(layer);
  }

  remove(layer: Layer): void {
    this.#layers = this.#layers.filter((other) => other !== layer);
  }

  /**
   * The app's own pictures of a query (A3) hold everything that stood when they were made. When one goes because the
   * base has its write, an earlier one that still stands shows the later picture, or it would take the write back.
   */
  handPictureDown(layer: Layer, hash: string): void {
    const held = layer.operations.find((operation) => operation.kind === 'hold' && operation.hash === hash);
    if (held?.kind !== 'hold') return;
    for (const earlier of this.#layers) {
      if (earlier === layer) return;
      const below = earlier.operations.findIndex((operation) => operation.kind === 'hold' && operation.hash === hash);
      if (below >= 0) earlier.operations[below] = held;
    }
  }
}

export function newLayer(write: string | undefined): Layer {
  return { write, operations: [], touched: new Set(), gone: false };
}

export function recorder(operations: Operation[], rules: RuleTable): LayerWriter {
  return {
    patch: (entity, id, fn) => {
      const { id: idField, keys, belongs } = rules.entity(entity);
      operations.push({ kind: 'patch', keys, idField, id, change: (item) => fn(item as Parameters<typeof fn>[0]), belongs });
    },
    insert: (queryKeyPrefix: QueryKey, item, options) => {
      const at = options?.at ?? 'start';
      const { id: idField, belongs } = rules.under(queryKeyPrefix) ?? { id: 'id' };
      operations.push({ kind: 'insert', keys: [queryKeyPrefix], idField, item, at, belongs });
    },
    remove: (entity, id) => {
      const { id: idField, keys } = rules.entity(entity);
      operations.push({ kind: 'remove', keys, idField, id });
    },
  };
}
