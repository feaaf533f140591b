/** A word in a strip about what is shown below it. */
import type { ComponentChildren } from "preact";
import "./banner.css";

/** How grave it is. */
export type Tone = "info" | "ok" | "warn" | "bad";

const SHAPES: Readonly<Record<Tone, string>> = { info: "i", ok: "●", warn: "▲", bad: "✖\uFE0E" };

interface BannerProps {
  readonly tone: Tone;
  readonly children: ComponentChildren;
  readonly action?: ComponentChildren | undefined;
}

/** A strip with a shape, a sentence, and perhaps something to do. */
export function Banner({ tone, children, action }: BannerProps) {
  return (
    <div class={`banner banner-${tone}`}>
      <span class="banner-shape" aria-hidden="true">
        {SHAPES[tone]}
      </span>
      <div class="banner-text">{children}</div>
      {action === undefined ? null : <div class="banner-action">{action}</div>}
    </div>
  );
}
