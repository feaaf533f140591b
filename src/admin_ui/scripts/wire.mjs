// Writes src/core/wire.gen.ts, the types of what the hub takes and answers, from its OpenAPI document; with --check it only compares.
// The document comes from the Python package: PYTHON names an interpreter in which it is installed.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compile } from "json-schema-to-typescript";

const TARGET = fileURLToPath(new URL("../src/core/wire.gen.ts", import.meta.url));
const DOCUMENT =
  "import json; from backend_registry.hub import ENDPOINTS; from backend_registry.node import openapi_document; " +
  "print(json.dumps(openapi_document(ENDPOINTS)))";

const document = execFileSync(process.env.PYTHON ?? "python", ["-c", DOCUMENT], { encoding: "utf8", maxBuffer: 1 << 26 });
const { schemas } = JSON.parse(document.replaceAll("#/components/schemas/", "#/definitions/")).components;
// A title would give a type of its own to each field.
const untitled = JSON.parse(JSON.stringify(schemas), (key, value) =>
  key === "title" && typeof value === "string" ? undefined : value,
);
const root = { type: "object", properties: {}, additionalProperties: false, definitions: untitled };
const made = await compile(root, "Nothing", {
  additionalProperties: false,
  bannerComment: "// Made by scripts/wire.mjs from the hub's OpenAPI document; not to be changed by hand.",
  unreachableDefinitions: true,
  format: true,
  style: { printWidth: 128 },
});
const text = made
  .replace(/export interface Nothing \{\s*\}\n/, "")
  .replace(
    /\/\*\*\n \* This interface was referenced by `Nothing`'s JSON-Schema\n(?: \* via the `definition` "[^"]+".\n)? \*\//g,
    "",
  )
  .replace(/ \*\n \* This interface was referenced by `Nothing`'s JSON-Schema\n \* via the `definition` "[^"]+"\.\n/g, "")
  .replace(/\n{3,}/g, "\n\n");

if (process.argv.includes("--check")) {
  if (readFileSync(TARGET, "utf8") !== text) {
    console.error("src/core/wire.gen.ts is not what the hub's API says; run: npm run wire");
    process.exit(1);
  }
} else {
  writeFileSync(TARGET, text);
}
