// Reads of the REST API. They go through `tw.fetch`, so that each answer is known together with the events that it covers. The mobile app uses it too: nothing of a page.
import type { Activity, Cheers, Message } from '../domain/types.ts';

/** The part of the client that reads need. */
export interface Fetcher {
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

/** The server answered, and the answer is no. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
  }
}

export const api = {
  activities: (tw: Fetcher, signal: AbortSignal): Promise<Activity[]> => read(tw, '/api/activities', signal),
  activity: (tw: Fetcher, id: string, signal: AbortSignal): Promise<Activity> => read(tw, `/api/activities/${encodeURIComponent(id)}`, signal),
  messages: (tw: Fetcher, id: string, signal: AbortSignal): Promise<Message[]> =>
    read(tw, `/api/activities/${encodeURIComponent(id)}/messages`, signal),
  cheers: (tw: Fetcher, id: string, signal: AbortSignal): Promise<Cheers> =>
    read(tw, `/api/activities/${encodeURIComponent(id)}/cheers`, signal),
};

async function read<T extends object>(tw: Fetcher, path: string, signal: AbortSignal): Promise<T> {
  const response = await tw.fetch(path, { signal });
  if (!response.ok) throw await errorOf(response);
  // The very object that `json()` returns must reach the cache: Tidewire knows by it what the answer covers.
  return (await response.json()) as T;
}

/** `{error: {code, message}}`, or whatever else a server on the way may have said. */
export async function errorOf(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => undefined);
  const error = isRecord(body) && isRecord(body['error']) ? body['error'] : {};
  const code = typeof error['code'] === 'string' ? error['code'] : 'HTTP';
  const message = typeof error['message'] === 'string' ? error['message'] : `The server answered ${response.status}.`;
  return new ApiError(response.status, code, message);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
