/** Answers of the hub, read piece by piece for as long as somebody wants them. */
import { retryAfterMs } from "@/core/backoff";
import { FeedError, type FeedHttp, SignedOutError } from "@/core/sync_types";

/** The same promise, given up as soon as the signal is aborted, whether or not what is behind it notices. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) {
      abort();
    }
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function refusal(response: Response, nowMs: number): Error {
  const asked = retryAfterMs(response.headers.get("retry-after"), nowMs);
  switch (response.status) {
    case 401:
      return new SignedOutError();
    case 403:
      return new FeedError("forbidden", asked);
    case 429:
    case 503:
      return new FeedError("busy", asked);
    default:
      return new FeedError("failed", asked);
  }
}

/**
 * The answer to a GET, if it is a good one.
 *
 * @param nowMs the present time, for a Retry-After that is a date.
 * @throws SignedOutError after a 401; FeedError if there is no answer or one that is no success; the signal's reason.
 */
export async function answerTo(
  http: FeedHttp,
  path: string,
  accept: string,
  signal: AbortSignal,
  nowMs: () => number,
): Promise<Response> {
  let response: Response;
  try {
    response = await unlessAborted(http(path, { signal, headers: { accept } }), signal);
  } catch {
    signal.throwIfAborted();
    throw new FeedError("unreachable");
  }
  if (!response.ok) {
    throw refusal(response, nowMs());
  }
  return response;
}

/**
 * The pieces of a body as they come. Who stops taking them aborts the signal, which lets the body go.
 *
 * @throws FeedError if the connection breaks; the signal's reason.
 */
export async function* piecesOf(response: Response, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) {
    return;
  }
  try {
    for (;;) {
      const { done, value } = await unlessAborted(reader.read(), signal);
      if (done) {
        return;
      }
      yield value;
    }
  } catch {
    signal.throwIfAborted();
    throw new FeedError("unreachable");
  }
}

/** What a body of JSON says; `heard` is called with each piece of it. */
export async function jsonOf(response: Response, signal: AbortSignal, heard: () => void): Promise<unknown> {
  const decoder = new TextDecoder();
  const texts: string[] = [];
  for await (const piece of piecesOf(response, signal)) {
    heard();
    texts.push(decoder.decode(piece, { stream: true }));
  }
  return parsedJson(texts.join("") + decoder.decode());
}

/** What a text of JSON says. @throws FeedError if it is none. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new FeedError("not_understood");
  }
}
