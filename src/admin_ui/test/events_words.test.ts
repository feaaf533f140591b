import { beforeAll, expect, test } from "vitest";
import { addMessages, parts } from "@/core/i18n";
import type { EventEntry } from "@/core/wire.gen";
import { addStartMessages } from "@/messages/en";
import { events as words } from "@/messages/en/events";
import { eventsPath, filterFrom, filterPatch } from "@/pages/events/filter";
import { type EventKind, GROUP_NAMES, GROUPS, kindsFrom, kindsParam, sentenceOf, toneOf } from "@/pages/events/kinds";

beforeAll(() => {
  addStartMessages();
  addMessages("events", words);
});

const ALL = GROUP_NAMES.flatMap((group) => GROUPS[group]);

function event(kind: string, facts: Record<string, unknown> = {}): EventEntry {
  return JSON.parse(
    JSON.stringify({ seq: 1, at: "2026-01-01T00:00:00Z", kind, node: "n", backend: null, actor: "hub", reason: "", facts }),
  );
}

test("each kind is in one group, and has a word for the menu", () => {
  expect(new Set(ALL).size).toBe(ALL.length);
  for (const kind of ALL) {
    expect(words).toHaveProperty(`kind_${kind}`);
  }
});

test("each kind has a sentence of its own, and one that is not known is told by its name", () => {
  for (const kind of ALL) {
    const facts = kind === "batch" ? { verb: "drain" } : { intent: "draining" };
    expect(sentenceOf(event(kind, facts)), kind).not.toBe("other");
  }
  expect(sentenceOf(event("moon_rose"))).toBe("other");
  expect(sentenceOf(event("toString"))).toBe("other");
  expect(toneOf(event("moon_rose"))).toBe("plain");
});

test("what an event turns to decides its sentence and its tone", () => {
  expect(sentenceOf(event("backend_status", { to: "available" }))).toBe("backend_available");
  expect(toneOf(event("backend_status", { to: "available" }))).toBe("ok");
  expect(toneOf(event("backend_status", { to: "unavailable" }))).toBe("bad");
  expect(toneOf(event("backend_status", { to: "unavailable", intent: "enabled" }))).toBe("bad");
  expect(sentenceOf(event("wish_made", { intent: "disabled" }))).toBe("wish_disabled");
  expect(sentenceOf(event("wish_made", { intent: 7 }))).toBe("other");
});

test("a backend that was taken out is told from one that failed", () => {
  const turned = (to: string, intent: string) => {
    const one = event("backend_status", { to, intent });
    return [sentenceOf(one), toneOf(one)];
  };
  expect(turned("unavailable", "draining")).toEqual(["backend_draining", "drain"]);
  expect(turned("unavailable", "disabled")).toEqual(["backend_disabled", "plain"]);
  expect(turned("unavailable", "enabled")).toEqual(["backend_unavailable", "bad"]);
  expect(turned("available", "enabled")).toEqual(["backend_available", "ok"]);
});

test("a sentence has what it is about as a part", () => {
  const node = { link: "n" };
  expect(parts("events.node_back", { node })).toEqual([node, " is back"]);
});

test("kinds in an address are kinds and groups, and come back as they were", () => {
  expect(kindsFrom("hub,node_back,nonsense")).toEqual(new Set<EventKind>(["node_back", ...GROUPS.hub]));
  expect(kindsParam(kindsFrom("hub,node_back"))).toBe("node_back,hub");
  expect(kindsParam(new Set(ALL))).toBeNull();
  expect(kindsParam(new Set())).toBeNull();
  for (const text of ["nodes", "backends,hub", "batch", "node_back,operators"]) {
    expect(kindsParam(kindsFrom(text))).toBe(text);
  }
});

test("an address that makes no sense wants all rather than nothing", () => {
  const filter = filterFrom(new URLSearchParams("kind=x&backend=noslash&before=-3&node=%20"));
  expect(filter).toEqual({ kinds: new Set(), node: "", backend: "", actor: "", before: null });
});

test("another filter begins at the newest events", () => {
  expect(filterPatch({ node: "n" })).toEqual({ node: "n", before: null });
});

test("the hub is asked for exactly what is wanted, whatever signs are in names", () => {
  const filter = filterFrom(
    new URLSearchParams({ kind: "backends", node: "a&b", backend: "vllm/x y/z", actor: "", before: "12" }),
  );
  const query = new URLSearchParams(eventsPath(filter, 50).split("?")[1]);
  expect(Object.fromEntries(query)).toEqual({
    limit: "50",
    kind: "backend_status",
    node: "a&b",
    backend: "vllm/x y/z",
    before: "12",
  });
});
