/** The columns of the store: one typed array for each field, all of the same length, which grow together. */
import { Words } from "@/core/store_words";

/** Fields that hold a code into a table of words, and the word that stands for none. */
const NONE = {
  kind: "",
  operations: [] as readonly string[],
  features: [] as readonly string[],
  transports: [] as readonly string[],
  models: [] as readonly string[],
  tags: [] as readonly string[],
  weights: [] as readonly number[],
  priorities: [] as readonly number[],
  reason: "",
};

/** A field whose values are words that many rows share. */
export type WordField = keyof typeof NONE;

/** What the words of a field are. */
export type WordOf<F extends WordField> = (typeof NONE)[F] extends string ? string : (typeof NONE)[F];

/** Every field of words, kind first. */
export const WORD_FIELDS: readonly WordField[] = [
  "kind",
  "operations",
  "features",
  "transports",
  "models",
  "tags",
  "weights",
  "priorities",
  "reason",
];

/** A field that holds a count. */
export type CountField =
  | "total"
  | "available"
  | "stale"
  | "healthy"
  | "unhealthy"
  | "draining"
  | "disabled"
  | "pending"
  | "latency";

/** Every field that holds a count. */
export const COUNT_FIELDS: readonly CountField[] = [
  "total",
  "available",
  "stale",
  "healthy",
  "unhealthy",
  "draining",
  "disabled",
  "pending",
  "latency",
];

type Tables = { readonly [F in WordField]: Words<WordOf<F>> };
type Codes = Record<WordField, Uint32Array>;
type Counts = Record<CountField, Uint32Array>;

function grown<A extends Uint32Array | Uint8Array | Float64Array>(before: A, after: A): A {
  after.set(before);
  return after;
}

function emptyCodes(): Codes {
  const none = new Uint32Array(0);
  return {
    kind: none,
    operations: none,
    features: none,
    transports: none,
    models: none,
    tags: none,
    weights: none,
    priorities: none,
    reason: none,
  };
}

function emptyCounts(): Counts {
  const none = new Uint32Array(0);
  return {
    total: none,
    available: none,
    stale: none,
    healthy: none,
    unhealthy: none,
    draining: none,
    disabled: none,
    pending: none,
    latency: none,
  };
}

/** All fields of all rows, by slot: about 100 bytes a row beside its name. */
export class Columns {
  readonly words: Tables = {
    kind: new Words<string>(NONE.kind),
    operations: new Words(NONE.operations),
    features: new Words(NONE.features),
    transports: new Words(NONE.transports),
    models: new Words(NONE.models),
    tags: new Words(NONE.tags),
    weights: new Words(NONE.weights),
    priorities: new Words(NONE.priorities),
    reason: new Words<string>(NONE.reason),
  };
  readonly codes: Codes = emptyCodes();
  readonly counts: Counts = emptyCounts();
  /** Places in STATUSES. */
  status = new Uint8Array(0);
  /** Places in INTENTS. */
  intent = new Uint8Array(0);
  /** Milliseconds since 1970. */
  since = new Float64Array(0);
  name: string[] = [];
  capacity = 0;

  /** Goes up when codes of any field become others. */
  get epoch(): number {
    return WORD_FIELDS.reduce((sum, field) => sum + this.words[field].epoch, 0);
  }

  /** Makes room for slots below `least`, and half as many again. */
  grow(least: number): void {
    if (least <= this.capacity) {
      return;
    }
    const capacity = Math.max(256, least, Math.trunc(this.capacity * 1.5));
    for (const field of WORD_FIELDS) {
      this.codes[field] = grown(this.codes[field], new Uint32Array(capacity));
    }
    for (const field of COUNT_FIELDS) {
      this.counts[field] = grown(this.counts[field], new Uint32Array(capacity));
    }
    this.status = grown(this.status, new Uint8Array(capacity));
    this.intent = grown(this.intent, new Uint8Array(capacity));
    this.since = grown(this.since, new Float64Array(capacity));
    this.capacity = capacity;
  }

  /**
   * Leaves out words that no row has, once they are more than twice as many as rows. Cost: seldom anything, then O(rows).
   *
   * @param size how many rows there are.
   * @param rows their slots, and those whose row is gone and still shown.
   */
  compact(size: number, rows: () => Iterable<number>): void {
    for (const field of WORD_FIELDS) {
      const table = this.words[field];
      if (table.size > 2 * size + 1024) {
        table.compact(this.codes[field], rows());
      }
    }
  }
}
