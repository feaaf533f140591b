// Prints what a browser loads of the built page, in brotli's format, and ends with 1 if that is over the budget. It takes the folder of
// the build as its argument; without one, that of the package.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Bytes of the code and styles that are loaded before anything is seen, all together. */
const ENTRY_MOST = 45_000;
/** Bytes of each file that is loaded when it is needed. */
const LAZY_MOST = 25_000;

const built = process.argv[2] ?? fileURLToPath(new URL("../../backend_registry/_web/static", import.meta.url));
const index = readFileSync(join(built, "index.html"), "utf8");
const files = readdirSync(join(built, "assets"))
  .filter((name) => [".js", ".css"].includes(extname(name)))
  .map((name) => ({
    name,
    bytes: statSync(join(built, "assets", `${name}.br`)).size,
    entry: index.includes(`assets/${name}`),
  }));
const entry = files.reduce((sum, file) => sum + (file.entry ? file.bytes : 0), 0);

for (const { name, bytes, entry: first } of files.sort((a, b) => Number(b.entry) - Number(a.entry) || b.bytes - a.bytes)) {
  console.log(`${first ? "entry" : "lazy "} ${String(bytes).padStart(7)} ${name}`);
}
console.log(`entry ${String(entry).padStart(7)} of ${ENTRY_MOST} bytes`);

const over = files
  .filter((file) => !file.entry && file.bytes > LAZY_MOST)
  .map((file) => `${file.name} is over ${LAZY_MOST} bytes`);
if (entry === 0) over.push("the page loads nothing");
if (entry > ENTRY_MOST) over.push(`what is loaded first is over ${ENTRY_MOST} bytes`);
for (const problem of over) console.error(problem);
process.exit(over.length > 0 ? 1 : 0);
