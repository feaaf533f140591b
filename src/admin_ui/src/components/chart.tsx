/** A chart of lines over time, with its values in words, under a cursor that keys move as well, and as a table. */

import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { ChartSeries, Plot, PlotOptions } from "@/components/plot";
import { t } from "@/core/i18n";
import { formatTime } from "@/core/time";
import { loadMessages } from "@/messages/en";
import { preferences } from "@/state/preferences";
import "./chart.css";

export type { ChartSeries, Tone } from "@/components/plot";

/** What a chart shows. */
export interface ChartProps {
  readonly title: string;
  /** Milliseconds since 1970, ascending. */
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  /** Writes a value with its unit; `axis` where there is little room. */
  readonly format: (value: number, axis?: boolean) => string;
  /** Of the plot in px; 96 if not said. */
  readonly height?: number;
  /** Charts of one key show their cursor at the same time. */
  readonly sync?: string;
  /** The least top of the scale, which begins at 0; 1 if not said. */
  readonly most?: number;
}

const HEIGHT = 96;
const PAGE_STEP = 5;

/** A chart. Its place is as high before the plot is loaded as after. */
export function Chart(props: ChartProps) {
  const { title, times, series, format, height = HEIGHT } = props;
  const [cursor, setCursor] = useState<number | null>(null);
  const [ready, setReady] = useState(false);
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const id = useId();
  const last = times.length - 1;
  const options = plotOptions(props, setCursor);
  const latest = useRef(options);
  latest.current = options;

  useEffect(() => {
    let gone = false;
    const load = Promise.all([import("@/components/plot"), loadMessages(["chart"])]);
    load.then(
      ([module]) => {
        if (gone || !holder.current) {
          return;
        }
        plot.current = new module.Plot(holder.current, latest.current);
        setReady(true);
      },
      () => undefined,
    );
    return () => {
      gone = true;
      plot.current?.destroy();
      plot.current = null;
    };
  }, []);
  useEffect(() => plot.current?.update(options));

  const at = Math.min(cursor ?? last, last);
  const onKeyDown = (event: KeyboardEvent) => {
    const to = movedCursor(event.key, at, last);
    if (to === undefined) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    plot.current?.point(to);
    setCursor(to);
  };
  return (
    <figure class="chart">
      <figcaption class="chart-head">
        <span id={id} class="chart-title">
          {title}
        </span>
        {ready && <Readout {...props} at={at} pointed={cursor !== null} />}
      </figcaption>
      <div
        ref={holder}
        class="chart-plot"
        style={{ blockSize: `${height}px` }}
        role="slider"
        tabIndex={last < 0 ? -1 : 0}
        aria-labelledby={id}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, last)}
        aria-valuenow={Math.max(0, at)}
        aria-valuetext={ready ? spoken(props, cursor, at) : ""}
        onKeyDown={onKeyDown}
        onBlur={() => {
          plot.current?.point(null);
          setCursor(null);
        }}
      />
      {ready && last < 0 && <p class="chart-nothing">{t("chart.nothing")}</p>}
      {ready && <ValueTable title={title} times={times} series={series} format={format} />}
    </figure>
  );
}

function plotOptions(props: ChartProps, onCursor: (index: number | null) => void): PlotOptions {
  const { zone } = preferences.value;
  return {
    times: props.times,
    series: props.series,
    most: props.most ?? 1,
    height: props.height ?? HEIGHT,
    sync: props.sync,
    formatValue: (value) => props.format(value, true),
    formatClock: (ms) => formatTime(ms, zone, "clock"),
    onCursor,
  };
}

function movedCursor(key: string, at: number, last: number): number | undefined {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: at - 1,
    ArrowRight: at + 1,
    PageDown: at - PAGE_STEP,
    PageUp: at + PAGE_STEP,
    Home: 0,
    End: last,
  };
  const to = steps[key];
  return to === undefined ? undefined : Math.max(0, Math.min(last, to));
}

function valueAt(series: ChartSeries, index: number, format: ChartProps["format"]): string {
  const value = series.values[index];
  return value === null || value === undefined ? t("chart.unknown") : format(value);
}

function clockOf(ms: number | undefined): string {
  return formatTime(ms ?? Number.NaN, preferences.value.zone, "clock");
}

function Readout({ times, series, format, at, pointed }: ChartProps & { readonly at: number; readonly pointed: boolean }) {
  return (
    <span class="chart-readout">
      {pointed && <span class="chart-clock">{clockOf(times[at])}</span>}
      {series.map((one) => (
        <span key={one.label} class="chart-value">
          <span class={`chart-key chart-key-${one.tone}`} aria-hidden="true" />
          {series.length > 1 && <span class="chart-label">{one.label}</span>}
          <b>{valueAt(one, at, format)}</b>
        </span>
      ))}
    </span>
  );
}

/** What the chart says to somebody who does not see it: all of it in one sentence, or what is under the cursor. */
function spoken({ title, times, series, format }: ChartProps, cursor: number | null, at: number): string {
  if (cursor !== null) {
    const values = series.map((one) => t("chart.value", { label: one.label, value: valueAt(one, at, format) }));
    return t("chart.at", { time: clockOf(times[at]), values: values.join(", ") });
  }
  return series.map((one) => summaryOf(one, series.length > 1 ? one.label : title, format)).join("; ");
}

function summaryOf(series: ChartSeries, title: string, format: ChartProps["format"]): string {
  const known = series.values.filter((value) => value !== null);
  const now = known.at(-1);
  if (now === undefined) {
    return t("chart.empty", { title });
  }
  const written = { now: format(now), least: format(Math.min(...known)), most: format(Math.max(...known)) };
  return t("chart.summary", { title, ...written });
}

/** The values as a table, which is only in the document while it is open. */
function ValueTable({ title, times, series, format }: Pick<ChartProps, "title" | "times" | "series" | "format">) {
  const [open, setOpen] = useState(false);
  return (
    <details class="chart-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary aria-label={t("chart.table_of", { title })}>{t("chart.table")}</summary>
      {open && (
        <div class="chart-scroll">
          <table>
            <caption class="hidden-visually">{title}</caption>
            <thead>
              <tr>
                <th scope="col">{t("chart.time")}</th>
                {series.map(({ label }) => (
                  <th key={label} scope="col">
                    {label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {times
                .map((ms, index) => (
                  <tr key={ms}>
                    <th scope="row">{clockOf(ms)}</th>
                    {series.map((one) => (
                      <td key={one.label}>{valueAt(one, index, format)}</td>
                    ))}
                  </tr>
                ))
                .toReversed()}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
