import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const SRC = join(import.meta.dirname, "../src");
const CATALOGUE = join(SRC, "messages");

/** The text of all modules but the catalogue. */
const code = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name) && !join(SRC, name).startsWith(CATALOGUE))
  .map((name) => readFileSync(join(SRC, name), "utf8"))
  .join("\n");

const words = new Set(code.match(/\w+/g));

/** What the variable part of a key begins with where that is put together as well: `wish_${intent}`. */
const beginnings = [...code.matchAll(/`(\w+_)\$\{/g)].map(([, beginning = ""]) => beginning);

/** Keys that are put together: `backends.column_${id}`. */
const patterns = [...code.matchAll(/`([a-z_]+\.[^`]*\$\{[^`]*)`/g)].map(
  ([, text = ""]) => new RegExp(`^${text.replace(/\$\{[^}]*\}/g, "(\\w+)").replace(".", "\\.")}$`),
);

/** Whether the code has what stands in a variable part. */
function isKnown(part: string): boolean {
  return (
    words.has(part) || beginnings.some((beginning) => part.startsWith(beginning) && words.has(part.slice(beginning.length)))
  );
}

/** Facts of events are named by the hub. */
const FROM_THE_HUB = /^events\.fact_/;

function isSaid(key: string): boolean {
  return (
    FROM_THE_HUB.test(key) ||
    code.includes(`"${key}"`) ||
    patterns.some((pattern) => pattern.exec(key)?.slice(1).every(isKnown))
  );
}

const areas = readdirSync(join(CATALOGUE, "en")).filter((name) => name !== "index.ts");

test.each(areas)("every message of %s is said somewhere", async (file) => {
  const module: Record<string, Record<string, unknown>> = await import(join(CATALOGUE, "en", file));
  const keys = Object.entries(module).flatMap(([area, messages]) => Object.keys(messages).map((name) => `${area}.${name}`));
  expect(keys.filter((key) => !isSaid(key))).toEqual([]);
});
