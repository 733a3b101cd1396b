// Sends what waits within a time that the system gives, as a background task has it. What is eligible and what an answer means is decided in the engine.
import { systemClock, type BlockedReason, type ClockPort, type ProcessResult, type Tidewire } from '@tidewire/client';

/** Milliseconds; iOS gives a background task about 30 seconds. */
const BUDGET = 20_000;

export interface DrainOptions {
  /** Milliseconds after which it returns, whatever is under way. Default: 20 seconds. */
  readonly budgetMs?: number;
  /** Another timer than the platform's. */
  readonly clock?: Pick<ClockPort, 'after'>;
}

export interface DrainResult extends ProcessResult {
  /** Still waiting, or under way. */
  readonly pending: number;
  /** `empty`: nothing waits. `failed`: what is left failed, and waits for its next time. `budget`: the time is over. `blocked`: see `blocked`. */
  readonly ended: 'empty' | 'failed' | 'budget' | 'blocked';
  readonly blocked?: BlockedReason;
}

/** Nobody else changes these while the app is in the background. */
const FINAL: ReadonlySet<BlockedReason | undefined> = new Set(['stopped', 'offline', 'auth', 'cors', 'suspended', 'reload-needed']);

/**
 * Passes over the queue until it is empty, until nothing of what is left can be sent, or until the budget is over. Never rejects. What is under way when the time is
 * over is no danger: its answer is asked for at the next start, and nothing applies twice. A client that was made for the task alone is stopped by who made it.
 */
export async function drain(tw: Pick<Tidewire, 'start' | 'ready' | 'outbox' | 'process'>, options: DrainOptions = {}): Promise<DrainResult> {
  const { budgetMs = BUDGET, clock = systemClock() } = options;
  let over = false;
  let stopTimer = (): void => undefined;
  const time = new Promise<'over'>((resolve) => {
    stopTimer = clock.after(budgetMs, () => {
      over = true;
      resolve('over');
    });
  });
  const sums = { processed: 0, failed: 0, skipped: 0 };
  const result = (ended: DrainResult['ended'], blocked?: BlockedReason): DrainResult => {
    stopTimer();
    return { ...sums, pending: tw.outbox.get().pending, ended, ...(blocked === undefined ? {} : { blocked }) };
  };

  tw.start();
  if ((await Promise.race([tw.ready, time])) === 'over') return result('budget');
  for (let passes = 0; ; ) {
    const { pending, blocked } = tw.outbox.get();
    if (pending === 0) return result('empty');
    // What is known of the network may be wrong: one pass finds out.
    if (FINAL.has(blocked) && (blocked !== 'offline' || passes > 0)) return result('blocked', blocked);
    if (blocked === 'loading' || blocked === 'follower') {
      // The lead is being taken, or another client of this process has it and sends.
      if ((await Promise.race([changed(tw), time])) === 'over') return result('budget');
      continue;
    }
    const pass = await Promise.race([tw.process(), time]);
    if (pass === 'over') return result('budget');
    passes += 1;
    sums.processed += pass.processed;
    sums.skipped += pass.skipped;
    sums.failed = pass.failed;
    if (over) return result('budget');
    const left = tw.outbox.get();
    if (left.pending > 0 && pass.processed + pass.skipped === 0 && !FINAL.has(left.blocked)) return result('failed');
  }
}

function changed({ outbox }: Pick<Tidewire, 'outbox'>): Promise<void> {
  return new Promise((resolve) => {
    const stop = outbox.subscribe(() => {
      stop();
      resolve();
    });
  });
}
