/** Days in the chosen time zone. */

import { t } from "@/core/i18n";
import { formatTime, type Zone } from "@/core/time";

const DAY_MS = 86_400_000;

/** The day of a time: `Saturday, 21 November 2026`, or that it is today or yesterday. */
export function dayOf(atMs: number, zone: Zone, nowMs: number): string {
  const day = formatTime(atMs, zone, "day");
  if (day === formatTime(nowMs, zone, "day")) {
    return t("events.today");
  }
  return day === formatTime(nowMs - DAY_MS, zone, "day") ? t("events.yesterday") : day;
}
