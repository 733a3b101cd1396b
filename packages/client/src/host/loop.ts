// The run loop: hands facts and intents to the engine, performs what comes out in order, and keeps the one timer.
// Facts wait for the end of the turn and go in together; an intent goes in at once, after the facts before it. A burst of facts is worked
// off in slices, between which the platform may draw and listen (Y5); what comes of one fact is never torn apart.
// Nothing that is performed re-enters the engine's step; what it causes is performed after what was there before.
import type { EngineBinding } from '../engine/binding.js';
import type { Command, CommandResult, Input, Message, Now, Output } from '../generated/protocol.js';
import type { ClockPort } from '../ports/port.js';

/** Milliseconds of one slice (Y5). */
const SLICE = 8;
/** Facts that go in together within a slice: at first, since nobody knows how long they take, and at most. Fewer where they take long, so that a slice keeps its time on a slow machine. */
const SIP = 4;
const GULP = 16;
/** Milliseconds for which a timer that comes too early is left as it is: a burst moves the deadline on with each fact. Too short for a sleep to lie between, which timers do not count. */
const LEFT = 250;

export interface LoopHooks {
  perform(output: Exclude<Output, { kind: 'Reply' }>): void;
  /** Everything was performed: fold, notify. What it pushes is worked off in the same drain. */
  settle(): void;
  /** The engine broke (`fatal`), a message could not be carried to it, or performing an output threw. */
  failed(error: unknown, fatal: boolean): void;
}

export class Loop {
  readonly #engine: EngineBinding;
  readonly #clock: ClockPort;
  readonly #hooks: LoopHooks;
  #inbox: Message[] = [];
  readonly #work: Exclude<Output, { kind: 'Reply' }>[] = [];
  #gulp = SIP;
  /** Milliseconds that the last slice's end took. */
  #settling = 0;
  #draining = false;
  #scheduled = false;
  #over = false;
  #deadline: number | undefined;
  /** What the timer waits for, and when it was set. */
  #alarm: { readonly at: number; readonly set: number } | undefined;
  #stopTimer: () => void = () => undefined;
  #stopSlices: () => void = () => undefined;

  constructor(engine: EngineBinding, clock: ClockPort, hooks: LoopHooks) {
    this.#engine = engine;
    this.#clock = clock;
    this.#hooks = hooks;
  }

  /** Takes facts in; they are handled at the end of this turn. */
  push(...inputs: Input[]): void {
    if (this.#over) return;
    this.#inbox.push(...inputs);
    if (this.#draining || this.#scheduled) return;
    this.#scheduled = true;
    void Promise.resolve().then(() => {
      this.#scheduled = false;
      this.#slice();
    });
  }

  /** Handles what waits, for as long as a slice may take; the rest comes in the next ones. */
  #slice(): void {
    if (this.#inbox.length === 0 || this.#draining || this.#over) return;
    // What was quick before need not be quick now.
    this.#gulp = Math.min(this.#gulp, SIP);
    if (this.#inbox.length <= this.#gulp) return this.drain();
    let began = this.#clock.now().mono;
    const until = began + SLICE - Math.min(this.#settling, SLICE / 2);
    this.#draining = true;
    try {
      while (this.#inbox.length > this.#gulp) {
        this.#step(this.#gulp);
        this.#performAll();
        const now = this.#clock.now().mono;
        const took = now - began;
        const each = took / this.#gulp;
        if (took > SLICE / 8) this.#gulp = Math.max(1, this.#gulp >> 1);
        else if (took < SLICE / 8) this.#gulp = Math.min(GULP, this.#gulp * 2);
        // The next ones take as long as these.
        if (now + each * this.#gulp >= until) return this.#postpone(now);
        began = now;
      }
    } finally {
      this.#draining = false;
    }
    this.drain();
  }

  #postpone(began: number): void {
    this.#guarded(() => this.#hooks.settle());
    this.#settling = this.#clock.now().mono - began;
    if (this.#isOver()) return;
    this.#stopSlices();
    this.#stopSlices = this.#clock.after(0, () => this.#slice());
  }

  /** Takes an intent in, now. `replied` runs before anything that it caused is performed. Undefined: the loop is over. */
  command(command: Command, replied?: (result: CommandResult) => void): CommandResult | undefined {
    if (this.#over) return undefined;
    this.#inbox.push(command);
    const result = this.#step();
    if (result !== undefined) replied?.(result);
    this.drain();
    return result;
  }

  /** Handles what waits and performs what comes out, until nothing is left. Within a drain it does nothing. */
  drain(): void {
    if (this.#draining || this.#over) return;
    this.#draining = true;
    try {
      do {
        if (this.#inbox.length > 0) this.#step();
        this.#performAll();
        if (this.#inbox.length === 0) this.#guarded(() => this.#hooks.settle());
      } while (!this.#isOver() && (this.#inbox.length > 0 || this.#work.length > 0));
    } finally {
      this.#draining = false;
    }
  }

  stop(): void {
    this.#over = true;
    this.#stopTimer();
    this.#stopSlices();
    this.#inbox = [];
    this.#work.length = 0;
  }

  /** Hands what waits to the engine, at most `count`; returns the answer to the last command. */
  #step(count = this.#inbox.length): CommandResult | undefined {
    const now = this.#clock.now();
    const messages = this.#inbox.splice(0, count);
    // A timer may sleep longer than the deadline: whoever comes first brings the news.
    if (this.#deadline !== undefined && now.mono >= this.#deadline) messages.unshift({ kind: 'Timeout' });
    return this.#carry(messages, now);
  }

  #carry(messages: readonly Message[], now: Now): CommandResult | undefined {
    let answer: CommandResult | undefined;
    try {
      const { outputs, timeout } = this.#engine.step(messages, now);
      for (const output of outputs) {
        if (output.kind === 'Reply') answer = output.result;
        else this.#work.push(output);
      }
      this.#arrange(timeout, now.mono);
    } catch (error) {
      if (!(error instanceof RangeError)) {
        this.stop();
        this.#hooks.failed(error, true);
      } else if (messages.length > 1) {
        // One value is beyond the border, and nothing was taken in: the others go alone.
        for (const message of messages) answer = this.#over ? undefined : this.#carry([message], now);
      } else {
        this.#hooks.failed(error, false);
        answer = { kind: 'Refused', refusal: 'Malformed' };
      }
    }
    return answer;
  }

  #arrange(deadline: number | undefined, mono: number): void {
    this.#deadline = deadline;
    const alarm = this.#alarm;
    if (alarm !== undefined && deadline !== undefined && alarm.at <= deadline && mono - alarm.set < LEFT) return;
    this.#stopTimer();
    this.#stopTimer = () => undefined;
    this.#alarm = undefined;
    if (deadline === undefined) return;
    this.#alarm = { at: deadline, set: mono };
    this.#stopTimer = this.#clock.after(Math.max(1, deadline - mono), () => {
      this.#alarm = undefined;
      // Too early, by the clock's rounding or because the deadline has moved on: this arranges the rest.
      const now = this.#clock.now().mono;
      if (this.#deadline !== undefined && now < this.#deadline) this.#arrange(this.#deadline, now);
      else this.#wake();
    });
  }

  #wake(): void {
    if (this.#over) return;
    this.#step();
    this.drain();
  }

  #performAll(): void {
    for (let output = this.#work.shift(); output !== undefined; output = this.#work.shift()) this.#perform(output);
  }

  #perform(output: Exclude<Output, { kind: 'Reply' }>): void {
    this.#guarded(() => this.#hooks.perform(output));
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#hooks.failed(error, false);
    }
  }

  #isOver(): boolean {
    return this.#over;
  }
}
