/** Times of day in the zone that somebody chose, ages, and the server's clock. */
import { formatDuration } from "@/core/format";
import { currentLocale, t } from "@/core/i18n";

/** `local` is the browser's zone; else `utc` or the name of an IANA zone. */
export type Zone = "local" | "utc" | (string & {});

/**
 * How much of a time is written: `clock` 16:26:13, `short` 21 Nov 16:26, `full` 21 Nov 2026, 16:26:13 and the zone, `day`
 * Saturday, 21 November 2026.
 */
export type TimeStyle = "clock" | "short" | "full" | "day";

const STYLES: Readonly<Record<TimeStyle, Intl.DateTimeFormatOptions>> = {
  clock: { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  short: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  full: {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    timeZoneName: "short",
  },
  day: { weekday: "long", day: "numeric", month: "long", year: "numeric" },
};

const formats = new Map<string, Intl.DateTimeFormat>();

/** The IANA name of a zone for `Intl`; undefined is the browser's own. */
function nameOf(zone: Zone): string | undefined {
  return zone === "local" ? undefined : zone === "utc" ? "UTC" : zone;
}

function formatOf(zone: Zone, style: TimeStyle): Intl.DateTimeFormat {
  const key = `${currentLocale()} ${zone} ${style}`;
  const known = formats.get(key);
  if (known !== undefined) {
    return known;
  }
  const made = new Intl.DateTimeFormat(currentLocale(), { ...STYLES[style], timeZone: nameOf(zone) });
  formats.set(key, made);
  return made;
}

/** Whether a zone can be shown here. */
export function isZone(name: string): boolean {
  if (name === "local" || name === "utc") {
    return true;
  }
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return name !== "";
  } catch {
    return false;
  }
}

/** All IANA zones that the browser knows, sorted. */
export function allZones(): readonly string[] {
  return Intl.supportedValuesOf("timeZone");
}

const REGIONS = ["Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"];

/** Zones with all words of a text in their name; a city under a name that the browser does not list, such as Kolkata, as well. */
export function zonesLike(text: string): readonly string[] {
  const words = text
    .trim()
    .toLowerCase()
    .split(/[\s_]+/);
  const listed = allZones().filter((zone) => words.every((word) => zone.toLowerCase().replaceAll("_", " ").includes(word)));
  const asked = [words.join("_"), ...REGIONS.map((region) => `${region}/${words.join("_")}`)];
  const named = asked.filter((zone) => zone.includes("/") && isZone(zone)).map(capitalized);
  return [...named.filter((zone) => !listed.includes(zone)), ...listed];
}

/** A zone as it is written: `Asia/Ho_Chi_Minh`. */
function capitalized(zone: string): string {
  return zone.replace(/(^|[/_])\p{L}/gu, (start) => start.toUpperCase());
}

/** A time in a zone; empty for what is no time. */
export function formatTime(atMs: number, zone: Zone, style: TimeStyle): string {
  const text = Number.isFinite(atMs) ? formatOf(zone, style).format(atMs) : "";
  return text.replace(/GMT(?=[+−-])/, "UTC");
}

/** ISO 8601 in UTC with milliseconds; empty for what is no time. */
export function isoOf(atMs: number): string {
  return Number.isFinite(atMs) && Math.abs(atMs) <= 8.64e15 ? new Date(atMs).toISOString() : "";
}

/** Milliseconds since 1970 of a time as the hub writes it; NaN for null and what is no time. */
export function msOf(iso: string | null | undefined): number {
  return iso ? Date.parse(iso) : Number.NaN;
}

/** A zone in a few letters, with how far it is from UTC at that time: `UTC`, `Local (UTC+1)`, `Europe/Berlin (UTC+1)`. */
export function zoneLabel(zone: Zone, atMs: number): string {
  if (zone === "utc") {
    return "UTC";
  }
  const name = zone === "local" ? t("time.local") : zone.replaceAll("_", " ");
  return `${name} (${offsetLabel(zone, atMs)})`;
}

/** How far a zone is from UTC at a time: `UTC+5:30`. */
export function offsetLabel(zone: Zone, atMs: number): string {
  const format = new Intl.DateTimeFormat("en", { timeZone: nameOf(zone), timeZoneName: "shortOffset" });
  const offset = format.formatToParts(atMs).find((part) => part.type === "timeZoneName")?.value ?? "";
  return offset.replace("GMT", "UTC");
}

/** How long ago, or in how long: `4 min ago`, `just now`, `in 20 s`. One unit, since it is read while it changes. */
export function formatAge(ageMs: number): string {
  if (Math.abs(ageMs) < 1000) {
    return t("time.now");
  }
  return ageMs > 0 ? t("time.ago", { span: formatDuration(ageMs, 1) }) : t("time.ahead", { span: formatDuration(-ageMs, 1) });
}

/**
 * The server's clock as the browser's clock and an offset.
 *
 * Each answer that carries a time bounds the offset: the server read its clock after the request was sent and before the answer
 * was there. The bounds of all answers are intersected. When they contradict each other, a clock has been set or has drifted,
 * and the newest answer alone counts. An offset that may be zero is taken for zero.
 */
export class ServerClock {
  #low = Number.NEGATIVE_INFINITY;
  #high = Number.POSITIVE_INFINITY;

  /** Milliseconds to add to the browser's time. */
  get offsetMs(): number {
    const known = Number.isFinite(this.#low) && Number.isFinite(this.#high);
    return !known || (this.#low <= 0 && this.#high >= 0) ? 0 : (this.#low + this.#high) / 2;
  }

  /**
   * Take in the time that an answer carries.
   *
   * @param serverMs the server's time, in milliseconds since 1970.
   * @param grainMs how much later than that it may have been.
   * @param sentMs when the request was sent, by the browser's clock.
   * @param heardMs when the answer was there, by the browser's clock.
   */
  observe(serverMs: number, grainMs: number, sentMs: number, heardMs: number): void {
    if (!Number.isFinite(serverMs) || heardMs < sentMs) {
      return;
    }
    const low = serverMs - heardMs;
    const high = serverMs + grainMs - sentMs;
    const fits = low <= this.#high && high >= this.#low;
    this.#low = fits ? Math.max(low, this.#low) : low;
    this.#high = fits ? Math.min(high, this.#high) : high;
  }
}
