/** Times and spans as people read them. */
import { computed, type ReadonlySignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { formatDuration } from "@/core/format";
import { formatAge, formatTime, isoOf, msOf, type TimeStyle } from "@/core/time";
import { now } from "@/state/now";
import { preferences } from "@/state/preferences";

interface TimeProps {
  /** Milliseconds since 1970, or the hub's text. */
  readonly at: number | string | null;
  /** How it is written where it is not an age. */
  readonly style?: TimeStyle | undefined;
  /** Write it as a time of day even if ages are preferred. */
  readonly absolute?: boolean | undefined;
}

/** A text about a time, with the whole time in the chosen zone and ISO 8601 on hover; a dash if there is none. */
function Instant({ atMs, text }: { readonly atMs: number; readonly text: ReadonlySignal<string> }) {
  if (!Number.isFinite(atMs)) {
    return <span class="muted">–</span>;
  }
  const iso = isoOf(atMs);
  return (
    <time dateTime={iso} title={`${formatTime(atMs, preferences.value.zone, "full")}\n${iso}`}>
      {text}
    </time>
  );
}

/** A time: an age or a time of day, as preferred. */
export function Time({ at, style = "short", absolute = false }: TimeProps) {
  const atMs = typeof at === "number" ? at : msOf(at);
  // Of its own, so that a second that goes by touches a text and nothing else.
  const text = useMemo(
    () =>
      computed(() => {
        const { relativeTimes, zone } = preferences.value;
        return relativeTimes && !absolute ? formatAge(now.value - atMs) : formatTime(atMs, zone, style);
      }),
    [atMs, style, absolute],
  );
  return <Instant atMs={atMs} text={text} />;
}

/** How long something has been so, counted on while it is shown: `4 min 12 s`. */
export function Since({ at }: { readonly at: number | string | null }) {
  const atMs = typeof at === "number" ? at : msOf(at);
  const text = useMemo(() => computed(() => formatDuration(now.value - atMs)), [atMs]);
  return <Instant atMs={atMs} text={text} />;
}

/** A span of time. */
export function Duration({ ms, units = 2 }: { readonly ms: number; readonly units?: 1 | 2 }) {
  return <span>{formatDuration(ms, units)}</span>;
}
