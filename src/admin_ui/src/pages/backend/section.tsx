/** A part of what is said of a backend, under a heading of the right level. */

import { type ComponentChildren, createContext } from "preact";
import { useContext, useId } from "preact/hooks";

/** The level of the headings of parts: 2 on a page, 3 in a drawer, whose own heading is one of level 2. */
export const HeadingLevel = createContext<2 | 3>(2);

/** What a part has. */
export interface SectionProps {
  readonly title: string;
  /** Beside the heading: a count, or what can be done. */
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A part with its heading, which names it as a region. */
export function Section({ title, aside, children }: SectionProps) {
  const id = useId();
  const Heading = useContext(HeadingLevel) === 2 ? "h2" : "h3";
  return (
    <section class="backend-section" aria-labelledby={id}>
      <div class="backend-section-head">
        <Heading id={id}>{title}</Heading>
        {aside}
      </div>
      {children}
    </section>
  );
}
