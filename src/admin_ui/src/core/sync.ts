/** `Feed`: keeps a store what the hub says, whatever happens in between. */
import { Backoff } from "@/core/backoff";
import { EventParser, type ServerEvent } from "@/core/sse";
import type { BackendStore } from "@/core/store";
import { isColumns, isDelta } from "@/core/store_wire";
import { answerTo, jsonOf, parsedJson, piecesOf } from "@/core/sync_answers";
import { Pace } from "@/core/sync_pace";
import { type Connection, FeedError, type FeedHttp, isSameConnection, SignedOutError, type Wait } from "@/core/sync_types";

export type { Connection, FeedHttp, FeedProblem, Wait } from "@/core/sync_types";

const COLUMNS_PATH = "api/backends?shape=columns";
const STREAM_PATH = "api/backends/stream?lean=true";

/** The hub says something every 15 s at least; after 3 s more it is late. */
const LATE_MS = 18_000;
const SILENT_MS = 20_000;
/** A stream that has lasted so long is a success. */
const STEADY_MS = 5000;
const WATCH_EVERY_MS = 1000;
/** How long the hub collects changes before it sends them. */
const COLLECTING_MS = 50;

/** What a feed works with. */
export interface FeedParts {
  readonly store: BackendStore;
  readonly http: FeedHttp;
  /** Milliseconds; any beginning, but dates in Retry-After are understood only if it is 1970. */
  readonly clock: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly wait: Wait;
}

/**
 * Loads all rows as columns, then follows the stream from there, and comes back by the id of the last event as often as it has to.
 * If the hub no longer knows what came since, or is another one, all rows are loaded again, and the store changes in one step.
 *
 * While paused or hidden there is no stream: that costs nobody anything and holds nothing, and what was missed comes as one change
 * afterwards, or as a load.
 */
export class Feed {
  readonly #parts: FeedParts;
  readonly #backoff: Backoff;
  readonly #listeners = new Set<(connection: Connection) => void>();
  readonly #pace = new Pace();
  #connection: Connection = { state: "connecting" };
  #started = false;
  #paused = false;
  #hidden = false;
  #run: AbortController | undefined;
  /** The id of the last event that the store has; undefined if everything has to be loaded. */
  #position: string | undefined;
  #heardAtMs: number | undefined;
  #openedAtMs = 0;
  #lagMs = 0;
  #resets = 0;

  constructor(parts: FeedParts) {
    this.#parts = parts;
    this.#backoff = new Backoff(parts.random);
  }

  /** How the page stands to the hub now. */
  get connection(): Connection {
    return this.#connection;
  }

  /** When anything came from the hub last; undefined if nothing has. */
  get heardAtMs(): number | undefined {
    return this.#heardAtMs;
  }

  /** Calls `listener` when the connection becomes another, and about once a second while it is live. */
  subscribe(listener: (connection: Connection) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Begins, or goes on after `stop`. */
  start(): void {
    this.#started = true;
    this.#restart();
  }

  /** Ends all requests. What the store has stays. */
  stop(): void {
    this.#started = false;
    this.#restart();
  }

  /** Lets the store be as it is until `resume`. */
  pause(): void {
    this.#paused = true;
    this.#restart();
  }

  /** Goes on after `pause`. */
  resume(): void {
    if (this.#paused) {
      this.#paused = false;
      this.#restart();
    }
  }

  /** Nobody sees the page now. */
  hide(): void {
    this.#hidden = true;
    this.#restart();
  }

  /** The page is seen again. */
  show(): void {
    if (this.#hidden) {
      this.#hidden = false;
      this.#restart();
    }
  }

  /** Tries at once, if it waits for the next try, is late, or was signed out. */
  retryNow(): void {
    if (["reconnecting", "lagging", "signed_out"].includes(this.#connection.state)) {
      this.#restart();
    }
  }

  // --- one run: from when it may ask until it may not ------------------------------------------------------------------------

  #restart(): void {
    this.#run?.abort(new DOMException("not wanted any more", "AbortError"));
    this.#run = undefined;
    if (this.#started && this.#paused) {
      this.#show({ state: "paused" });
    } else if (this.#started && this.#hidden) {
      this.#show({ state: "hidden" });
    } else {
      this.#show({ state: "connecting" });
    }
    if (this.#started && !this.#paused && !this.#hidden) {
      this.#run = new AbortController();
      void this.#keepOn(this.#run.signal);
    }
  }

  async #keepOn(run: AbortSignal): Promise<void> {
    while (!run.aborted) {
      try {
        await this.#attempt(run);
      } catch (problem) {
        if (run.aborted) {
          return;
        }
        if (problem instanceof SignedOutError) {
          this.#show({ state: "signed_out" });
          return;
        }
        await this.#rest(problem, run);
      }
    }
  }

  async #rest(problem: unknown, run: AbortSignal): Promise<void> {
    // What is no FeedError is a fault of a listener or of the page; it is worth another try as well.
    const { problem: name, retryAfterMs } = problem instanceof FeedError ? problem : new FeedError("not_understood");
    if (name === "not_understood") {
      this.#position = undefined;
    }
    const ms = this.#backoff.next(retryAfterMs);
    const retryAtMs = this.#parts.clock() + ms;
    this.#show({ state: "reconnecting", attempt: this.#backoff.attempt, retryAtMs, problem: name });
    await this.#parts.wait(ms, run);
  }

  /** Loads, if that is needed, and follows the stream until it ends. It is given up when nothing comes for too long. */
  async #attempt(run: AbortSignal): Promise<void> {
    const attempt = new AbortController();
    const signal = AbortSignal.any([run, attempt.signal]);
    const begun = { atMs: this.#parts.clock() };
    const heard = () => {
      begun.atMs = this.#parts.clock();
      this.#heardAtMs = begun.atMs;
    };
    void this.#watch(() => begun.atMs, attempt, signal);
    try {
      if (this.#position === undefined) {
        await this.#load(signal, heard);
      }
      await this.#follow(signal, heard);
    } finally {
      this.#openedAtMs = 0;
      attempt.abort();
    }
  }

  async #watch(heardAtMs: () => number, attempt: AbortController, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#parts.wait(WATCH_EVERY_MS, signal);
      if (signal.aborted) {
        return;
      }
      const now = this.#parts.clock();
      const silence = now - heardAtMs();
      this.#pace.tick();
      if (silence > SILENT_MS) {
        attempt.abort(new FeedError("silent"));
      } else if (this.#openedAtMs > 0) {
        this.#note(now, silence);
      }
    }
  }

  #note(now: number, silence: number): void {
    if (now - this.#openedAtMs >= STEADY_MS) {
      this.#backoff.reset();
      this.#resets = 0;
    }
    if (silence > LATE_MS) {
      this.#show({ state: "lagging", lagMs: silence });
    } else {
      this.#show({ state: "live", lagMs: this.#lagMs, ratePerS: this.#pace.perS });
    }
  }

  // --- the hub's answers -------------------------------------------------------------------------------------------------

  async #load(signal: AbortSignal, heard: () => void): Promise<void> {
    const { http, clock, store } = this.#parts;
    const response = await answerTo(http, COLUMNS_PATH, "application/json", signal, clock);
    heard();
    const columns = await jsonOf(response, signal, heard);
    signal.throwIfAborted();
    if (!isColumns(columns) || typeof columns.stream_id !== "string") {
      throw new FeedError("not_understood");
    }
    store.load(columns);
    this.#position = columns.stream_id;
  }

  async #follow(signal: AbortSignal, heard: () => void): Promise<void> {
    const { http, clock } = this.#parts;
    const path = `${STREAM_PATH}&since=${encodeURIComponent(this.#position ?? "")}`;
    const askedAtMs = clock();
    const response = await answerTo(http, path, "text/event-stream", signal, clock);
    heard();
    this.#openedAtMs = clock();
    this.#lagMs = COLLECTING_MS + Math.round((this.#openedAtMs - askedAtMs) / 2);
    this.#show({ state: "live", lagMs: this.#lagMs, ratePerS: this.#pace.perS });
    const parser = new EventParser();
    for await (const piece of piecesOf(response, signal)) {
      signal.throwIfAborted();
      heard();
      for (const event of parser.push(piece)) {
        if (this.#take(event)) {
          return;
        }
      }
    }
    throw new FeedError("ended");
  }

  /** Takes one event, and whether the stream is over with it, since everything has to be loaded again. */
  #take(event: ServerEvent): boolean {
    if (event.type === "reset") {
      this.#position = undefined;
      this.#resets++;
      if (this.#resets > 1) {
        // Not the first in a row: loading at once again would load all the time.
        throw new FeedError("ended");
      }
      return true;
    }
    if (event.type === "delta") {
      this.#apply(parsedJson(event.data));
    } else if (event.type === "facts") {
      this.#parts.store.setFacts(parsedJson(event.data));
    }
    if (event.id !== "") {
      this.#position = event.id;
    }
    return false;
  }

  #apply(delta: unknown): void {
    if (!isDelta(delta)) {
      throw new FeedError("not_understood");
    }
    this.#parts.store.apply(delta);
    this.#pace.add(delta.upserts.length + delta.deletes.length);
  }

  #show(connection: Connection): void {
    if (!isSameConnection(connection, this.#connection)) {
      this.#connection = connection;
      for (const listener of this.#listeners) {
        listener(connection);
      }
    }
  }
}
