/** Numbers and durations as people read them, in the language of the page. */
import { currentLocale, t } from "@/core/i18n";

const kept = new Map<string, Intl.NumberFormat>();

function formatOf(name: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${currentLocale()} ${name}`;
  const known = kept.get(key);
  if (known !== undefined) {
    return known;
  }
  const made = new Intl.NumberFormat(currentLocale(), options);
  kept.set(key, made);
  return made;
}

/** A number with its thousands apart: `38,204`. */
export function formatNumber(value: number): string {
  return formatOf("plain", {}).format(value);
}

/** A number that may be large, short: `38.2K`. */
export function formatCompact(value: number): string {
  return formatOf("compact", { notation: "compact", maximumFractionDigits: 1 }).format(value);
}

/** A share from 0 to 1 in percent. What is not quite everything is never written as 100 %. */
export function formatPercent(share: number): string {
  const honest = share < 1 && share > 0.999 ? 0.999 : share;
  const digits = honest > 0.99 && honest < 1 ? 1 : 0;
  return formatOf(`percent ${digits}`, { style: "percent", maximumFractionDigits: digits }).format(honest);
}

function oneDecimal(value: number): string {
  return formatOf("decimal", { maximumFractionDigits: 1, minimumFractionDigits: 1 }).format(value);
}

/** A latency in milliseconds: `640 ms`, `1.2 s`, `32 s`; a dash if there is none, which is 0 on the wire. */
export function formatLatency(ms: number): string {
  if (!(ms > 0)) {
    return "–";
  }
  if (ms < 999.5) {
    return t("unit.ms", { value: ms < 9.95 ? oneDecimal(ms) : formatNumber(Math.round(ms)) });
  }
  const seconds = ms / 1000;
  return t("unit.s", { value: seconds < 9.95 ? oneDecimal(seconds) : formatNumber(Math.round(seconds)) });
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const STEPS = [
  { unit: "unit.d", size: DAY },
  { unit: "unit.h", size: HOUR },
  { unit: "unit.min", size: MINUTE },
  { unit: "unit.s", size: SECOND },
] as const;

/**
 * A span of time in its one or two largest units: `4 min 12 s`, `2 h`, `3 d 4 h`.
 *
 * @param ms milliseconds; below zero counts as zero.
 * @param units how many units at most.
 */
export function formatDuration(ms: number, units: 1 | 2 = 2): string {
  const whole = Math.max(0, Math.floor(ms / SECOND)) * SECOND;
  const first = STEPS.findIndex((step) => whole >= step.size);
  const start = first < 0 ? STEPS.length - 1 : first;
  const words: string[] = [];
  let rest = whole;
  for (const step of STEPS.slice(start, start + units)) {
    const count = Math.floor(rest / step.size);
    rest -= count * step.size;
    if (count > 0 || words.length === 0) {
      words.push(t(step.unit, { value: formatNumber(count) }));
    }
  }
  return words.join(" ");
}
