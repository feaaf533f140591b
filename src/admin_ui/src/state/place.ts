/** Where the page is: the address as a signal, going elsewhere, and what each entry of the history remembers. */
import { signal } from "@preact/signals";
import { type ParamsPatch, type Place, parseAddress, patched, placeOf, printAddress, type To, underRoot } from "@/core/address";

export type { PageName, ParamsPatch, Place, To } from "@/core/address";

/** How to go to a place: `replace` leaves no entry in the history. */
export interface GoOptions {
  readonly replace?: boolean;
}

/** How the present place was come to: it decides where the focus goes. */
export type Arrival = "start" | "went" | "back" | "changed";

const root = new URL(".", document.baseURI).pathname;

function present(): Place {
  return parseAddress((underRoot(location.pathname, root) ?? "missing") + location.search);
}

/** The place that the address bar shows. */
export const place = signal<Place>(present());

/** How it was come to. */
export const arrival = signal<Arrival>("start");

/** The address of a place, relative to the page's root: for `href`. */
export function href(to: To): string {
  return printAddress(placeOf(to));
}

/** The whole address of a place, to be copied and sent to somebody. */
export function fullAddress(to: To): string {
  return new URL(href(to), document.baseURI).href;
}

function isElsewhere(from: Place, to: Place): boolean {
  return from.page !== to.page || from.path.join("/") !== to.path.join("/");
}

function moveTo(to: Place, replace: boolean): void {
  const address = root + printAddress(to);
  const elsewhere = isElsewhere(place.peek(), to);
  if (replace) {
    history.replaceState(elsewhere ? null : history.state, "", address);
  } else {
    keep("focus", focusMark());
    history.pushState(null, "", address);
  }
  arrival.value = elsewhere ? "went" : "changed";
  place.value = to;
}

/** Go to a place. */
export function go(to: To, options: GoOptions = {}): void {
  moveTo(placeOf(to), options.replace ?? false);
}

/** Change parameters of the present address; null takes one away. What changes nothing leaves no entry in the history. */
export function setParams(patch: ParamsPatch, options: GoOptions = {}): void {
  const from = place.peek();
  const to = { ...from, params: patched(from.params, patch) };
  if (printAddress(to) !== printAddress(from)) {
    moveTo(to, options.replace ?? false);
  }
}

/** Remember something in the present entry of the history, to find it again on the way back. */
export function keep(name: string, value: string | number): void {
  history.replaceState({ ...history.state, [name]: value }, "");
}

/** What `keep` has remembered in the present entry of the history. */
export function kept(name: string): unknown {
  const state: unknown = history.state;
  return typeof state === "object" && state !== null ? Reflect.get(state, name) : undefined;
}

/** What has the focus, as a selector that finds it again; empty if that cannot be said. */
function focusMark(): string {
  const focused = document.activeElement;
  if (focused === null || focused === document.body) {
    return "";
  }
  const link = focused.getAttribute("href");
  return focused.id ? `#${CSS.escape(focused.id)}` : link ? `a[href="${CSS.escape(link)}"]` : "";
}

/** Give the focus back to what had it when this entry of the history was left; false if that is not there. */
export function restoreFocus(): boolean {
  const mark = kept("focus");
  const found = typeof mark === "string" && mark !== "" ? document.querySelector<HTMLElement>(mark) : null;
  found?.focus();
  return found !== null;
}

function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0 && !event.defaultPrevented && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}

/** The address that a click on a link of this page leads to; null for what the browser itself should do. */
function linked(event: MouseEvent): string | null {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (link === null || !isPlainClick(event) || link.target !== "" || link.hasAttribute("download")) {
    return null;
  }
  const url = new URL(link.href, document.baseURI);
  const path = url.origin === location.origin ? underRoot(url.pathname, root) : null;
  return path === null || path.startsWith("api/") || url.hash !== "" ? null : path + url.search;
}

function onClick(event: MouseEvent): void {
  const address = linked(event);
  if (address !== null) {
    event.preventDefault();
    go(address);
  }
}

function onPopState(): void {
  const to = present();
  arrival.value = isElsewhere(place.peek(), to) ? "back" : "changed";
  place.value = to;
}

/** Follow the history and take over clicks on links. Once, at the start of the page. */
export function followAddress(): void {
  history.scrollRestoration = "manual";
  addEventListener("popstate", onPopState);
  document.addEventListener("click", onClick);
}
