/** A played hub and a played time, for tests of the feed: as the real ones, but they do what they are told. */

import type { LeanRow } from "@/core/store";
import { keyOf } from "@/core/store";
import type { FeedHttp, Wait } from "@/core/sync";
import { columnsOf } from "./fleet";

/** Lets everything run that can run now. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

interface Waiting {
  readonly atMs: number;
  readonly resolve: () => void;
}

/** Time that only goes on when it is told to. */
export class PlayedTime {
  now = 1_795_000_000_000;
  #waiting: Waiting[] = [];

  readonly clock = (): number => this.now;

  readonly wait: Wait = (ms, signal) =>
    new Promise((resolve) => {
      const end = () => {
        signal.removeEventListener("abort", end);
        this.#waiting = this.#waiting.filter((one) => one !== entry);
        resolve();
      };
      const entry = { atMs: this.now + ms, resolve: end };
      if (signal.aborted) {
        resolve();
      } else {
        signal.addEventListener("abort", end);
        this.#waiting.push(entry);
      }
    });

  /** How many wait now. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Goes on, and lets run what becomes due in between. */
  async go(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      await settled();
      const next = this.#waiting.filter(({ atMs }) => atMs <= end).sort((one, other) => one.atMs - other.atMs)[0];
      if (next === undefined) {
        break;
      }
      this.now = Math.max(this.now, next.atMs);
      next.resolve();
    }
    this.now = end;
    await settled();
  }
}

interface Change {
  readonly seq: number;
  readonly keys: readonly string[];
}

/** What the hub answers instead of what it should. */
export interface Refusal {
  readonly status: number;
  readonly retryAfter?: string;
  readonly body?: string;
}

interface Reader {
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  seq: number;
}

/** A hub with rows that change, its two routes, and all that can go wrong with them. */
export class PlayedHub {
  rows = new Map<string, LeanRow>();
  facts = { complete: true, protected: false, degraded: "" };
  /** What is answered next, once each; "down" is no answer. */
  readonly refusals: (Refusal | "down")[] = [];
  /** Every path that was asked for. */
  readonly asked: string[] = [];
  /** How large the pieces are in which bytes go out. */
  pieceSize = 1_000_000;
  /** Whether rows of a load are looked at only after another turn, when more may have changed than its id says. */
  isLate = false;
  #starts = 1;
  #seq = 0;
  #oldest = 0;
  #changes: Change[] = [];
  #readers = new Set<Reader>();

  get #epoch(): string {
    return String(this.#starts).padStart(16, "1");
  }

  /** The id of the present state. */
  get id(): string {
    return `${this.#epoch}.${this.#seq}`;
  }

  /** How many streams are open. */
  get readers(): number {
    return this.#readers.size;
  }

  /** Changes rows, and tells the streams. */
  change(upserts: readonly LeanRow[], deletes: readonly LeanRow[] = []): void {
    this.#seq++;
    for (const row of deletes) {
      this.rows.delete(keyOf(row.kind, row.name));
    }
    for (const row of upserts) {
      this.rows.set(keyOf(row.kind, row.name), row);
    }
    this.#changes.push({ seq: this.#seq, keys: [...deletes, ...upserts].map((row) => keyOf(row.kind, row.name)) });
    for (const reader of this.#readers) {
      this.#bringUpToDate(reader);
    }
  }

  /** Is another hub from now on, which has heard of fewer rows so far. */
  restart(rows: readonly LeanRow[]): void {
    this.breakStreams();
    this.#starts++;
    this.#seq = 0;
    this.forget();
    this.rows = new Map(rows.map((row) => [keyOf(row.kind, row.name), row]));
  }

  /** Does not know any more what has changed until now. */
  forget(): void {
    this.#changes = [];
    this.#oldest = this.#seq;
  }

  /** Tells the streams something. */
  say(event: string, data: unknown): void {
    for (const reader of this.#readers) {
      this.#send(reader, `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    }
  }

  /** Sends bytes as they are. */
  sendRaw(text: string): void {
    for (const reader of this.#readers) {
      this.#send(reader, text);
    }
  }

  /** Breaks all streams, after some bytes of an event if so. */
  breakStreams(begun = ""): void {
    for (const reader of this.#readers) {
      if (begun !== "") {
        this.#send(reader, begun);
      }
      reader.controller.error(new TypeError("connection reset"));
    }
    this.#readers.clear();
  }

  /** Ends all streams in good order. */
  endStreams(): void {
    for (const reader of this.#readers) {
      reader.controller.close();
    }
    this.#readers.clear();
  }

  /** Drops what it should send: to the streams it is as if the hub hung. */
  hang(): void {
    this.#readers.clear();
  }

  readonly http: FeedHttp = async (path, { signal }) => {
    this.asked.push(path);
    await Promise.resolve();
    signal.throwIfAborted();
    const refusal = this.refusals.shift();
    if (refusal === "down") {
      throw new TypeError("fetch failed");
    }
    if (refusal !== undefined) {
      const headers = refusal.retryAfter === undefined ? {} : { "retry-after": refusal.retryAfter };
      return new Response(refusal.body ?? "{}", { status: refusal.status, headers });
    }
    return path.includes("/stream?") ? this.#stream(new URL(path, "http://hub/"), signal) : this.#columns();
  };

  async #columns(): Promise<Response> {
    const { id } = this;
    if (this.isLate) {
      await settled();
    }
    return new Response(this.#cut(JSON.stringify({ ...columnsOf([...this.rows.values()], id), ...this.facts })));
  }

  #cut(text: string): ReadableStream<Uint8Array> {
    const bytes = new TextEncoder().encode(text);
    return new ReadableStream({
      start: (controller) => {
        for (let from = 0; from < bytes.length; from += this.pieceSize) {
          controller.enqueue(bytes.slice(from, from + this.pieceSize));
        }
        controller.close();
      },
    });
  }

  #stream(url: URL, signal: AbortSignal): Response {
    const since = url.searchParams.get("since") ?? "";
    let reader: Reader | undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        reader = { controller, seq: 0 };
        this.#begin(reader, since);
      },
      cancel: () => {
        if (reader !== undefined) {
          this.#readers.delete(reader);
        }
      },
    });
    signal.addEventListener("abort", () => reader && this.#readers.delete(reader));
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }

  #begin(reader: Reader, since: string): void {
    const [epoch, seq] = [since.slice(0, 16), Number(since.slice(17))];
    const reason =
      epoch !== this.#epoch ? "other_epoch" : seq < this.#oldest ? "fell_behind" : seq > this.#seq ? "unknown_id" : "";
    if (reason !== "") {
      this.#send(reader, `event: reset\ndata: {"reason":"${reason}"}\n\n`);
      reader.controller.close();
      return;
    }
    reader.seq = seq;
    this.#readers.add(reader);
    this.#send(reader, `event: facts\ndata: ${JSON.stringify(this.facts)}\n\n`);
    this.#bringUpToDate(reader);
  }

  #bringUpToDate(reader: Reader): void {
    if (reader.seq === this.#seq) {
      return;
    }
    const keys = new Set(this.#changes.filter(({ seq }) => seq > reader.seq).flatMap((change) => change.keys));
    const upserts = [...keys].map((key) => this.rows.get(key)).filter((row) => row !== undefined);
    const deletes = [...keys]
      .filter((key) => !this.rows.has(key))
      .map((key) => {
        const [kind = "", name = ""] = key.split("/").map(decodeURIComponent);
        return { kind, name };
      });
    reader.seq = this.#seq;
    this.#send(reader, `id: ${this.id}\nevent: delta\ndata: ${JSON.stringify({ upserts, deletes })}\n\n`);
  }

  #send(reader: Reader, text: string): void {
    const bytes = new TextEncoder().encode(text);
    for (let from = 0; from < bytes.length; from += this.pieceSize) {
      reader.controller.enqueue(bytes.slice(from, from + this.pieceSize));
    }
  }
}
