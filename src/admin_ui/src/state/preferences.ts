/** What somebody prefers, kept in this browser and followed by all its tabs. Never a token, nor anything of the fleet. */
import { signal } from "@preact/signals";
import { isRecord } from "@/core/records";
import { isZone, type Zone } from "@/core/time";

/** A named way to look at the backends: the query, the sort and the columns of its address. */
export interface SavedView {
  readonly name: string;
  readonly q: string;
  readonly sort: string;
  readonly columns: string;
}

/** All that can be preferred. */
export interface Preferences {
  readonly theme: "system" | "light" | "dark";
  readonly density: "compact" | "normal" | "comfortable";
  readonly zone: Zone;
  /** Whether times are written as ages, `4 min ago`. */
  readonly relativeTimes: boolean;
  /** Whether single letters do something (WCAG 2.1.4). */
  readonly singleKeys: boolean;
  /** Whether things may move; `system` follows the operating system. */
  readonly motion: "system" | "reduced";
  readonly views: readonly SavedView[];
  /** Columns of the list in their order; null for the usual ones. */
  readonly columns: readonly string[] | null;
  /** Widths of columns that were made wider or narrower, in px. */
  readonly widths: Readonly<Record<string, number>>;
  /** Width of the drawer in px; 0 for the usual one. */
  readonly drawerWidth: number;
  /** Reasons that were given lately, newest first. */
  readonly reasons: readonly string[];
}

const STORED_AS = "backend_registry.preferences";
const VIEWS_MOST = 100;
const REASONS_MOST = 8;

/** What holds until somebody chooses. */
export const DEFAULTS: Preferences = {
  theme: "system",
  density: "normal",
  zone: "local",
  relativeTimes: true,
  singleKeys: true,
  motion: "system",
  views: [],
  columns: null,
  widths: {},
  drawerWidth: 0,
  reasons: [],
};

type Check = (value: unknown) => boolean;

const oneOf =
  (...words: string[]): Check =>
  (value) =>
    typeof value === "string" && words.includes(value);
const isBoolean: Check = (value) => typeof value === "boolean";
const isText: Check = (value) => typeof value === "string";
const isListOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const isSize: Check = (value) => typeof value === "number" && value >= 0 && value < 10_000;
const isView: Check = (value) => isRecord(value) && ["name", "q", "sort", "columns"].every((field) => isText(value[field]));

const CHECKS: Readonly<Record<keyof Preferences, Check>> = {
  theme: oneOf("system", "light", "dark"),
  density: oneOf("compact", "normal", "comfortable"),
  zone: (value) => typeof value === "string" && isZone(value),
  relativeTimes: isBoolean,
  singleKeys: isBoolean,
  motion: oneOf("system", "reduced"),
  views: isListOf(isView),
  columns: (value) => value === null || isListOf(isText)(value),
  widths: (value) => isRecord(value) && Object.values(value).every(isSize),
  drawerWidth: isSize,
  reasons: isListOf(isText),
};

/** The preferences in a stored text. What is missing or makes no sense is as it is by default. */
function parsed(text: string | null): Preferences {
  let stored: unknown = null;
  try {
    stored = JSON.parse(text ?? "null");
  } catch {
    // Something else has written there.
  }
  const given = isRecord(stored) ? stored : {};
  const good = Object.entries(CHECKS).filter(([name, check]) => check(given[name]));
  return { ...DEFAULTS, ...Object.fromEntries(good.map(([name]) => [name, given[name]])) };
}

function read(): string | null {
  try {
    return localStorage.getItem(STORED_AS);
  } catch {
    // The browser keeps nothing for this page: preferences last as long as the tab.
    return null;
  }
}

/** What is preferred now. */
export const preferences = signal<Preferences>(parsed(read()));

/** Prefer something else from now on, in all tabs. */
export function prefer(change: Partial<Preferences>): void {
  // Another tab may have changed something that this one has not heard of yet.
  const text = read();
  const latest = text === null ? preferences.peek() : parsed(text);
  preferences.value = { ...latest, ...change };
  try {
    localStorage.setItem(STORED_AS, JSON.stringify(preferences.value));
  } catch {
    // As above.
  }
}

/** Save a view; one of the same name is replaced. The oldest goes when there are too many. */
export function saveView(view: SavedView): void {
  const others = preferences.peek().views.filter((other) => other.name !== view.name);
  prefer({ views: [...others, view].slice(-VIEWS_MOST) });
}

/** Remember a reason, to offer it next time. */
export function rememberReason(reason: string): void {
  const others = preferences.peek().reasons.filter((other) => other !== reason);
  prefer({ reasons: [reason, ...others].slice(0, REASONS_MOST) });
}

/** Follow what other tabs prefer. Once, at the start of the page. */
export function followPreferences(): void {
  addEventListener("storage", (event) => {
    if (event.key === STORED_AS || event.key === null) {
      preferences.value = parsed(event.newValue);
    }
  });
}
