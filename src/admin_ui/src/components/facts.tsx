/** Names and values beneath each other. */

import type { ComponentChildren } from "preact";
import "./facts.css";

/** A name and its value; without a value it is left out. */
export type Fact = readonly [name: string, value: ComponentChildren];

/** Facts as a list; those without a value are left out. */
export function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl class="facts">
      {facts
        .filter(([, value]) => value !== "" && value !== null && value !== undefined)
        .map(([name, value]) => (
          <div key={name} class="facts-line">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
