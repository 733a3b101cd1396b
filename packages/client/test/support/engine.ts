// An engine that says what the test wants: replies by a function, outputs given by hand. It decides nothing itself.
import type { CreateEngine } from '../../src/engine/binding.js';
import type { Command, CommandResult, Config, EngineOutput, Input, Message, Output } from '../../src/generated/protocol.js';

const COMMANDS: ReadonlySet<string> = new Set([
  'Connect', 'Disconnect', 'Emit', 'Join', 'Leave', 'Submit', 'Cancel', 'Retry', 'Discard', 'Process', 'SetProcessing',
  'Reply', 'OpenNamespace', 'CloseNamespace', 'Rejoin', 'Edit', 'Resolve', 'Export', 'Clear', 'Suspend',
]);

export class ScriptedEngine {
  /** Every batch that came in. */
  readonly batches: (readonly Message[])[] = [];
  config: Config | undefined;
  timeout: number | undefined;
  /** Outputs of the next step. */
  readonly #next: EngineOutput[] = [];
  onInput: (input: Input) => readonly EngineOutput[] = () => [];
  onCommand: (command: Command) => { result?: CommandResult; outputs?: readonly EngineOutput[] } = () => ({});

  readonly create: CreateEngine = (config) => {
    this.config = config;
    return { step: (messages) => ({ outputs: this.#step(messages), timeout: this.timeout }) };
  };

  /** Comes out at the next step. */
  give(...outputs: EngineOutput[]): void {
    this.#next.push(...outputs);
  }

  get messages(): Message[] {
    return this.batches.flat();
  }

  kinds(): string[] {
    return this.messages.map(({ kind }) => kind);
  }

  last<K extends Message['kind']>(kind: K): Extract<Message, { kind: K }> | undefined {
    return this.messages.filter((message): message is Extract<Message, { kind: K }> => message.kind === kind).at(-1);
  }

  #step(messages: readonly Message[]): Output[] {
    this.batches.push(messages);
    const outputs: Output[] = this.#next.splice(0);
    for (const message of messages) {
      if (isCommand(message)) {
        const { result = { kind: 'Accepted' }, outputs: caused = [] } = this.onCommand(message);
        outputs.push({ kind: 'Reply', result }, ...caused);
      } else {
        outputs.push(...this.onInput(message));
      }
    }
    return outputs;
  }
}

function isCommand(message: Message): message is Command {
  return COMMANDS.has(message.kind);
}
