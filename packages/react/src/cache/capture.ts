// Attributes the app's own writes to the cache to the write that they belong to (A3): what `onMutate` puts into the
// query client while it runs becomes one layer instead of a base. Nothing tells whose code goes on after an `await`, so
// one runs at a time: the next begins when the one before has ended. Knows no query client.

import { CAPTURE_MS } from '../limits.js';
import type { Timer } from '../ports/timer.js';
import type { Layer } from './fold.js';
import { newLayer } from './layers.js';

export interface Capture {
  /**
   * Runs the app's function: at once, or after those that began before have ended. What it writes before it returns, or before its promise
   * settles, belongs to this layer.
   */
  run<T>(work: () => T | Promise<T>): Promise<T>;
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
  readonly #timer: Timer;
  /** The layer of the function that runs, if one does. */
  #active: Layer | undefined;
  /** Those that wait for it, in order. */
  readonly #waiting: (() => void)[] = [];

  constructor(host: CaptureHost, timer: Timer) {
    this.#host = host;
    this.#timer = timer;
  }

  /** The layer that a write to the cache belongs to now. */
  active(): Layer | undefined {
    return this.#active;
  }

  /** Runs what is known to be no part of any `onMutate`. */
  apart<T>(work: () => T): T {
    const active = this.#active;
    this.#active = undefined;
    try {
      return work();
    } finally {
      this.#active = active;
    }
  }

  open(): Capture {
    const layer = newLayer(undefined);
    return {
      run: (work) =>
        new Promise((resolve, reject) => {
          const begin = (): void => this.#begin(layer, work, resolve, reject);
          if (this.#active) this.#waiting.push(begin);
          else begin();
        }),
      adopt: (write) => {
        layer.write = write;
        this.#host.adopted(layer);
      },
      drop: () => this.#host.dropped(layer),
    };
  }

  #begin<T>(layer: Layer, work: () => T | Promise<T>, resolve: (result: T) => void, reject: (error: unknown) => void): void {
    this.#active = layer;
    let result: T | Promise<T>;
    try {
      result = work();
    } catch (error) {
      reject(error);
      return this.#end(layer);
    }
    if (!(result instanceof Promise)) {
      resolve(result);
      return this.#end(layer);
    }
    const end = (): void => this.#end(layer);
    // One that never ends holds up no other for ever.
    const stopTimer = this.#timer(CAPTURE_MS, end);
    result.then(resolve, reject);
    result.then(stopTimer, stopTimer);
    result.then(end, end);
  }

  #end(layer: Layer): void {
    if (this.#active !== layer) return;
    this.#active = undefined;
    this.#waiting.shift()?.();
  }
}
