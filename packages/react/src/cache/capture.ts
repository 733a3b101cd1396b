// Attributes the app's own writes to the cache to the write that they belong to (A3): what `onMutate` puts into the
// query client while it runs becomes one layer instead of a base. Knows no query client.

import type { Layer } from './fold.js';
import { newLayer } from './layers.js';

export interface Capture {
  /** Runs the app's function; what it writes before it returns, or before its promise settles, belongs to this layer. */
  run<T>(work: () => T): T;
  /** The write's id, as soon as it has one: from then on the engine says when the layer goes. */
  adopt(write: string): void;
  /** Takes the layer out: the write was refused. */
  drop(): void;
}

export interface CaptureHost {
  adopted(layer: Layer): void;
  dropped(layer: Layer): void;
}

export class Captures {
  readonly #host: CaptureHost;
  readonly #running: Layer[] = [];

  constructor(host: CaptureHost) {
    this.#host = host;
  }

  /** The layer that a write to the cache belongs to now. The latest one, where several run. */
  active(): Layer | undefined {
    return this.#running.at(-1);
  }

  open(): Capture {
    const layer = newLayer(undefined);
    return {
      run: (work) => this.#run(layer, work),
      adopt: (write) => {
        layer.write = write;
        this.#host.adopted(layer);
      },
      drop: () => {
        this.#end(layer);
        this.#host.dropped(layer);
      },
    };
  }

  #run<T>(layer: Layer, work: () => T): T {
    this.#running.push(layer);
    let result: T;
    try {
      result = work();
    } catch (error) {
      this.#end(layer);
      throw error;
    }
    if (result instanceof Promise) {
      const end = (): void => this.#end(layer);
      result.then(end, end);
    } else this.#end(layer);
    return result;
  }

  #end(layer: Layer): void {
    const index = this.#running.indexOf(layer);
    if (index >= 0) this.#running.splice(index, 1);
  }
}
