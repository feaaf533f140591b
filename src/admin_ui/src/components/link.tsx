/** A link to a place of this page. */
import type { ComponentChildren } from "preact";
import { href, type To } from "@/state/place";

interface LinkProps {
  readonly to: To;
  readonly children: ComponentChildren;
  readonly class?: string | undefined;
  readonly title?: string | undefined;
  readonly label?: string | undefined;
  readonly current?: boolean | undefined;
}

/** A real link, so that it can be opened in a new tab and copied; a plain click stays within the page. */
export function Link({ to, children, title, label, current, ...rest }: LinkProps) {
  return (
    <a href={href(to)} class={rest.class} title={title} aria-label={label} aria-current={current ? "page" : undefined}>
      {children}
    </a>
  );
}
