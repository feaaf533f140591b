/** `EventParser`: server-sent events from the bytes of an answer, however they are cut. */

/** One event. */
export interface ServerEvent {
  /** `message` if the server does not say. */
  readonly type: string;
  readonly data: string;
  /** The id that it came with; empty if it had none. */
  readonly id: string;
}

/** More text than this in one event is an error. */
const EVENT_MOST = 64_000_000;

/** For one stream. Comments and fields that nobody knows are left out; an event that the end of the stream cuts is dropped. */
export class EventParser {
  readonly #decoder = new TextDecoder();
  #line: string[] = [];
  #lineLength = 0;
  #endedInReturn = false;
  #type = "";
  #id = "";
  #data: string[] = [];
  #dataLength = 0;

  /**
   * The events that end in these bytes. Cost: O(bytes).
   *
   * @throws RangeError if an event is larger than can be meant.
   */
  push(bytes: Uint8Array): ServerEvent[] {
    const events: ServerEvent[] = [];
    let text = this.#decoder.decode(bytes, { stream: true });
    if (this.#endedInReturn && text.startsWith("\n")) {
      text = text.slice(1);
    }
    this.#endedInReturn = text === "" ? this.#endedInReturn : text.endsWith("\r");
    const lines = text.split(/\r\n|\n|\r/);
    const rest = lines.pop() ?? "";
    for (const line of lines) {
      this.#take(this.#whole(line), events);
    }
    this.#keep(rest);
    return events;
  }

  /** The line that ends now, with what came of it before. */
  #whole(end: string): string {
    if (this.#line.length === 0) {
      return end;
    }
    const line = this.#line.join("") + end;
    this.#line = [];
    this.#lineLength = 0;
    return line;
  }

  #keep(rest: string): void {
    if (rest !== "") {
      this.#line.push(rest);
      this.#lineLength += rest.length;
      this.#check(this.#lineLength);
    }
  }

  #take(line: string, events: ServerEvent[]): void {
    if (line === "") {
      this.#dispatch(events);
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") {
      this.#data.push(value);
      this.#dataLength += value.length;
      this.#check(this.#dataLength);
    } else if (field === "event") {
      this.#type = value;
    } else if (field === "id" && !value.includes("\0")) {
      this.#id = value;
    }
  }

  #dispatch(events: ServerEvent[]): void {
    if (this.#data.length > 0) {
      events.push({ type: this.#type || "message", data: this.#data.join("\n"), id: this.#id });
    }
    this.#type = "";
    this.#id = "";
    this.#data = [];
    this.#dataLength = 0;
  }

  #check(length: number): void {
    if (length > EVENT_MOST) {
      throw new RangeError("an event is too large");
    }
  }
}
