// Remembers which base was below each value that was shown, so that a value which comes back (a rollback's snapshot,
// the start state of a cancelled fetch, dehydration) is recognised. Primitives cannot be remembered.

export interface Snapshot {
  readonly hash: string;
  readonly base: unknown;
  readonly revision: number;
  readonly edits: number;
}

export class Snapshots {
  readonly #shown = new WeakMap<object, Snapshot>();

  record(visible: unknown, snapshot: Snapshot): void {
    if (typeof visible === 'object' && visible !== null) this.#shown.set(visible, snapshot);
  }

  of(visible: unknown): Snapshot | undefined {
    return typeof visible === 'object' && visible !== null ? this.#shown.get(visible) : undefined;
  }
}
