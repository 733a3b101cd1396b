// Public types of requests: what an app's own client sends and answers for the queue; and how much the queue may hold.

/** A request of the queue, ready to be sent through the app's own client. */
export interface OutgoingRequest {
  readonly url: string;
  readonly method: string;
  /** The protocol's headers and the content type. Authorisation is the port's job. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** From 1, in this process. */
  readonly attempt: number;
  /** The token of this moment; null if the user is not signed in. */
  token(): Promise<string | null>;
}

/** The part of a `Response` that is read. */
export interface IncomingResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly redirected?: boolean;
  text(): Promise<string>;
}

/** What `isAnswer` is told of a response. */
export interface AnswerFacts {
  readonly status: number;
  readonly redirected: boolean;
  header(name: string): string | null;
  /** The body, if it is text and short enough to be kept. */
  readonly body: string | undefined;
}

/** What stands at another origin (Q9): one of our servers, one that takes an `Idempotency-Key` (quoted, as the draft standard has it, or bare), or any. */
export type OriginKind = 'tidewire' | 'keyed' | 'keyed-bare' | 'plain';

/** How much the queue may hold (Q15); beyond it new writes are refused as QUEUE_FULL. */
export interface QueueLimits {
  /** Default 100. */
  readonly pending?: number;
  /** Default 4 MiB. */
  readonly pendingBytes?: number;
  /** Default 400. */
  readonly parked?: number;
  /** Default 16 MiB. */
  readonly parkedBytes?: number;
}

/** Sends one request. A rejection means that nobody knows whether it arrived. */
export type RequestPort = (request: OutgoingRequest) => Promise<IncomingResponse>;
