// Prints the medians of what `vitest bench` has measured, in milliseconds. Usage: node bench/medians.mjs <file of --outputJson>
import { readFileSync } from "node:fs";

const { files } = JSON.parse(readFileSync(process.argv[2], "utf8"));
for (const { groups } of files) {
  for (const { fullName, benchmarks } of groups) {
    console.log(`\n${fullName.split(" > ").at(-1)}`);
    for (const { name, median, min, sampleCount } of benchmarks) {
      const figures = `median ${median.toFixed(2).padStart(9)} ms   least ${min.toFixed(2).padStart(9)} ms   of ${sampleCount}`;
      console.log(`  ${name.padEnd(48)} ${figures}`);
    }
  }
}
