/** Lines over time on a canvas. This is the only module that knows uPlot; it is loaded when the first chart is shown. */

import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

/** A token of the palette that a line is drawn in. */
export type Tone = "accent" | "ok" | "warn" | "bad" | "drain" | "muted";

/** One line: a value for each time, null where none is known. */
export interface ChartSeries {
  readonly label: string;
  readonly tone: Tone;
  readonly values: readonly (number | null)[];
  /** Whether the area under the line is tinted. */
  readonly filled?: boolean;
}

/** What a plot shows and how it writes it. */
export interface PlotOptions {
  /** Milliseconds, ascending. */
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  /** The least top of the scale, which begins at 0. */
  readonly most: number;
  readonly height: number;
  /** Plots of one key show their cursor at the same time. */
  readonly sync: string | undefined;
  readonly formatValue: (value: number) => string;
  readonly formatClock: (ms: number) => string;
  /** The place of the time under the cursor; null when it leaves. */
  readonly onCursor: (index: number | null) => void;
}

const AXIS_WIDTH = 52;
const AXIS_HEIGHT = 20;
const TOP_SPACE = 6;
/** Half of the last time. */
const END_SPACE = 24;
const FILL_PERCENT = 14;

/** A colour of the page's present theme as a canvas takes it. */
function colourOf(holder: HTMLElement, css: string): string {
  const probe = document.createElement("span");
  probe.style.color = css;
  holder.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

const tint = (tone: Tone) => `color-mix(in srgb, var(--${tone}) ${FILL_PERCENT}%, transparent)`;

/** A canvas within an element, as wide as that is. Remove it with `destroy`. */
export class Plot {
  readonly #holder: HTMLElement;
  readonly #watch: ResizeObserver;
  readonly #unwatchTheme: () => void;
  #options: PlotOptions;
  #plot: uPlot;

  constructor(holder: HTMLElement, options: PlotOptions) {
    this.#holder = holder;
    this.#options = options;
    this.#plot = this.#drawn();
    this.#watch = new ResizeObserver(() => this.#resize());
    this.#watch.observe(holder);
    this.#unwatchTheme = onThemeChange(() => this.#redrawn());
  }

  /** Show other values, or the same in another way. Cost: one drawing of the canvas. */
  update(options: PlotOptions): void {
    const before = this.#options;
    this.#options = options;
    if (isSameShape(before, options)) {
      this.#plot.setData(dataOf(options));
    } else {
      this.#redrawn();
    }
  }

  /** Move the cursor to a time, or away. */
  point(index: number | null): void {
    const at = index === null ? undefined : this.#options.times[index];
    const left = at === undefined ? -1 : this.#plot.valToPos(at / 1000, "x");
    this.#plot.setCursor({ left, top: at === undefined ? -1 : 0 });
  }

  destroy(): void {
    this.#unwatchTheme();
    this.#watch.disconnect();
    this.#plot.destroy();
  }

  #redrawn(): void {
    this.#plot.destroy();
    this.#plot = this.#drawn();
  }

  #resize(): void {
    const width = this.#holder.clientWidth;
    if (width > 0 && width !== this.#plot.width) {
      this.#plot.setSize({ width, height: this.#options.height });
    }
  }

  #drawn(): uPlot {
    const { series, height, sync } = this.#options;
    const colour = (css: string) => colourOf(this.#holder, css);
    // The shorthand `font` is empty as soon as digits are tabular.
    const { fontSize, fontFamily } = getComputedStyle(this.#holder);
    const axis = { stroke: colour("var(--muted)"), font: `${fontSize} ${fontFamily}` };
    const grid = { stroke: colour("var(--line)"), width: 1 };
    return new uPlot(
      {
        width: Math.max(1, this.#holder.clientWidth),
        height,
        padding: [TOP_SPACE, END_SPACE, 0, 0],
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, ...(sync === undefined ? {} : { sync: { key: sync } }) },
        scales: { y: { range: (_plot, _least, most) => [0, Math.max(this.#options.most, most * 1.1)] } },
        axes: [
          {
            ...axis,
            size: AXIS_HEIGHT,
            grid: { show: false },
            ticks: { ...grid, size: 4 },
            gap: 2,
            space: 64,
            values: (_, at) => at.map((s) => this.#options.formatClock(s * 1000)),
          },
          {
            ...axis,
            size: AXIS_WIDTH,
            grid,
            ticks: { show: false },
            gap: 6,
            space: 24,
            values: (_, at) => at.map((value) => this.#options.formatValue(value)),
          },
        ],
        series: [
          {},
          ...series.map(({ label, tone, filled }) => ({
            label,
            stroke: colour(`var(--${tone})`),
            width: 1.5,
            points: { show: false },
            ...(filled ? { fill: colour(tint(tone)) } : {}),
          })),
        ],
        hooks: { setCursor: [(plot) => this.#options.onCursor(plot.cursor.idx ?? null)] },
      },
      dataOf(this.#options),
      this.#holder,
    );
  }
}

function dataOf({ times, series }: PlotOptions): uPlot.AlignedData {
  return [times.map((ms) => ms / 1000), ...series.map(({ values }) => [...values])];
}

function isSameShape(one: PlotOptions, other: PlotOptions): boolean {
  const shape = ({ series, height, sync }: PlotOptions) =>
    [height, sync, ...series.map(({ label, tone }) => `${tone} ${label}`)].join("\n");
  return shape(one) === shape(other);
}

/** Call back when the colours of the page become others. */
function onThemeChange(changed: () => void): () => void {
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const watch = new MutationObserver(changed);
  scheme.addEventListener("change", changed);
  watch.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  return () => {
    scheme.removeEventListener("change", changed);
    watch.disconnect();
  };
}
