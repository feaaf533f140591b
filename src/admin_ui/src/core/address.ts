/** Where in the page somebody is, and the address that says so: a path and a query string relative to the page's root. */

/** Pages that an address can name; `missing` stands for what no page is. */
export const PAGES = ["overview", "backends", "models", "nodes", "events", "preferences", "sign-in", "missing"] as const;

/** The name of a page. */
export type PageName = (typeof PAGES)[number];

/** A page, what follows its name in the path (decoded), and the parameters. */
export interface Place {
  readonly page: PageName;
  readonly path: readonly string[];
  readonly params: URLSearchParams;
}

/** A place to go to: as an address relative to the root, or in parts. */
export type To = string | { readonly page: PageName; readonly path?: readonly string[]; readonly params?: ParamsPatch };

/** Parameters to set; null takes one away. */
export type ParamsPatch = Readonly<Record<string, string | null>>;

const START: PageName = "overview";

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function pageOf(name: string): PageName {
  return PAGES.find((page) => page === name && page !== "missing") ?? "missing";
}

/** The place that an address stands for. What cannot be understood is the page `missing`, never an exception. */
export function parseAddress(address: string): Place {
  const [beforeHash = ""] = address.split("#", 1);
  const cut = beforeHash.indexOf("?");
  const path = cut < 0 ? beforeHash : beforeHash.slice(0, cut);
  const parts = path.split("/").filter((part) => part !== "");
  const params = new URLSearchParams(cut < 0 ? "" : beforeHash.slice(cut + 1));
  const [first, ...rest] = parts;
  if (first === undefined) {
    return { page: START, path: [], params };
  }
  return { page: pageOf(first), path: rest.map(decoded), params };
}

/**
 * Characters of a query string that need no escape and are read more easily as they are. Only what `URLSearchParams` writes is
 * looked at, so nothing here can change the meaning: `&`, `=`, `+`, `#` and `%` stay escaped.
 */
const READABLE = /%(?:3A|2C|2F|3E|3C|2A|40)/g;
const UNESCAPED: Readonly<Record<string, string>> = {
  "%3A": ":",
  "%2C": ",",
  "%2F": "/",
  "%3E": ">",
  "%3C": "<",
  "%2A": "*",
  "%40": "@",
};

/** A query string without its question mark, with signs of the query language left readable. */
export function printParams(params: URLSearchParams): string {
  return params.toString().replace(READABLE, (escaped) => UNESCAPED[escaped] ?? escaped);
}

/** The address of a place: `parseAddress` gives the same place back. */
export function printAddress(place: Place): string {
  const path = [place.page, ...place.path.map(encodeURIComponent)].join("/");
  const query = printParams(place.params);
  return query === "" ? path : `${path}?${query}`;
}

/** The place that `to` means. */
export function placeOf(to: To): Place {
  if (typeof to === "string") {
    return parseAddress(to);
  }
  return { page: to.page, path: to.path ?? [], params: patched(new URLSearchParams(), to.params ?? {}) };
}

/** A copy of the parameters with some of them set, or taken away where the patch has null or an empty text. */
export function patched(params: URLSearchParams, patch: ParamsPatch): URLSearchParams {
  const made = new URLSearchParams(params);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null || value === "") {
      made.delete(name);
    } else {
      made.set(name, value);
    }
  }
  return made;
}

/** What of a URL's path lies under the root, which ends with a slash; null if the path is somewhere else. */
export function underRoot(pathname: string, root: string): string | null {
  if (pathname.startsWith(root)) {
    return pathname.slice(root.length);
  }
  return `${pathname}/` === root ? "" : null;
}
