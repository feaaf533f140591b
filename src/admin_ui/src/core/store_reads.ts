/** `RowReads`: what the store says of one row. */
import { INTENTS, type Intent, STATUSES, type Status } from "@/core/status";
import { Columns } from "@/core/store_columns";
import { keyOf, type Row } from "@/core/store_row";

/** Reads by slot. Each costs an access to an array, and gives nothing useful for a slot without a row. */
export class RowReads {
  /** For what works on whole columns: order, filters, facets. Others read by slot. */
  readonly columns = new Columns();

  /** See `keyOf`; made anew with each call. */
  key(slot: number): string {
    return keyOf(this.kind(slot), this.name(slot));
  }

  name(slot: number): string {
    return this.columns.name[slot] ?? "";
  }

  kind(slot: number): string {
    return this.columns.words.kind.at(this.columns.codes.kind[slot] ?? 0);
  }

  /** Rows with the same operations give the same array; so do the other fields that are arrays. */
  operations(slot: number): readonly string[] {
    return this.columns.words.operations.at(this.columns.codes.operations[slot] ?? 0);
  }

  features(slot: number): readonly string[] {
    return this.columns.words.features.at(this.columns.codes.features[slot] ?? 0);
  }

  transports(slot: number): readonly string[] {
    return this.columns.words.transports.at(this.columns.codes.transports[slot] ?? 0);
  }

  models(slot: number): readonly string[] {
    return this.columns.words.models.at(this.columns.codes.models[slot] ?? 0);
  }

  tags(slot: number): readonly string[] {
    return this.columns.words.tags.at(this.columns.codes.tags[slot] ?? 0);
  }

  weights(slot: number): readonly number[] {
    return this.columns.words.weights.at(this.columns.codes.weights[slot] ?? 0);
  }

  priorities(slot: number): readonly number[] {
    return this.columns.words.priorities.at(this.columns.codes.priorities[slot] ?? 0);
  }

  /** Why it is unavailable where it is; empty if it is nowhere. */
  reason(slot: number): string {
    return this.columns.words.reason.at(this.columns.codes.reason[slot] ?? 0);
  }

  /** Nodes that have it; `available` and the following count those among them. */
  total(slot: number): number {
    return this.columns.counts.total[slot] ?? 0;
  }

  available(slot: number): number {
    return this.columns.counts.available[slot] ?? 0;
  }

  /** Nodes that have not been heard for longer than they should. */
  stale(slot: number): number {
    return this.columns.counts.stale[slot] ?? 0;
  }

  healthy(slot: number): number {
    return this.columns.counts.healthy[slot] ?? 0;
  }

  unhealthy(slot: number): number {
    return this.columns.counts.unhealthy[slot] ?? 0;
  }

  draining(slot: number): number {
    return this.columns.counts.draining[slot] ?? 0;
  }

  disabled(slot: number): number {
    return this.columns.counts.disabled[slot] ?? 0;
  }

  /** Requests in flight on all nodes. */
  pending(slot: number): number {
    return this.columns.counts.pending[slot] ?? 0;
  }

  /** Mean latency in milliseconds; 0 if there is none. */
  latency(slot: number): number {
    return this.columns.counts.latency[slot] ?? 0;
  }

  /** When availability became what it is, in milliseconds since 1970; 0 if the hub does not say. */
  sinceMs(slot: number): number {
    return this.columns.since[slot] ?? 0;
  }

  status(slot: number): Status {
    return STATUSES[this.columns.status[slot] ?? 0] ?? "unknown";
  }

  intent(slot: number): Intent {
    return INTENTS[this.columns.intent[slot] ?? 0] ?? "enabled";
  }

  /** The row as an object, made anew with each call. */
  row(slot: number): Row {
    return {
      kind: this.kind(slot),
      name: this.name(slot),
      key: this.key(slot),
      operations: this.operations(slot),
      transports: this.transports(slot),
      models: this.models(slot),
      features: this.features(slot),
      tags: this.tags(slot),
      weights: this.weights(slot),
      priorities: this.priorities(slot),
      reason: this.reason(slot),
      sinceMs: this.sinceMs(slot),
      total: this.total(slot),
      available: this.available(slot),
      stale: this.stale(slot),
      healthy: this.healthy(slot),
      unhealthy: this.unhealthy(slot),
      draining: this.draining(slot),
      disabled: this.disabled(slot),
      pending: this.pending(slot),
      latencyMs: this.latency(slot),
      status: this.status(slot),
      intent: this.intent(slot),
    };
  }
}
