// Packs what a build has written, once, so that no server has to do it for each visitor. The same files come out of it at any time
// and on any system.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** What is text; pictures and fonts are packed already. */
const TEXT = new Set([".css", ".js", ".json", ".map", ".svg", ".txt", ".webmanifest"]);

/** Where the header of a gzip file names the system that made it, and the number for none. */
const SYSTEM_AT = 9;
const NO_SYSTEM = 255;

/** The same bytes as a gzip file that names neither time nor system. */
function gzipped(content: Buffer): Buffer {
  const packed = gzipSync(content, { level: constants.Z_BEST_COMPRESSION });
  packed[SYSTEM_AT] = NO_SYSTEM;
  return packed;
}

/** The same bytes in brotli's format. */
function brotlied(content: Buffer): Buffer {
  return brotliCompressSync(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  });
}

/** Writes a `.br` and a `.gz` beside each text file of the build. The index has none, since the server completes it. */
export function precompressed(): Plugin {
  return {
    name: "precompressed",
    apply: "build",
    writeBundle({ dir }) {
      if (dir === undefined) return;
      for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !TEXT.has(extname(entry.name))) continue;
        const file = join(entry.parentPath, entry.name);
        const content = readFileSync(file);
        writeFileSync(`${file}.br`, brotlied(content));
        writeFileSync(`${file}.gz`, gzipped(content));
      }
    },
  };
}
