import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";
import { layered } from "./scripts/layered.ts";
import { precompressed } from "./scripts/precompressed.ts";

/** Where the built page goes; the Python build asks for another folder, which it then moves into place. */
const out = process.env.PAGE_OUT ?? fileURLToPath(new URL("../backend_registry/_web/static", import.meta.url));

/** The hub that a page under development talks to. */
const hub = process.env.HUB_URL ?? "http://127.0.0.1:8484";

/** The list of backends: the largest page, and the one that is opened most. */
const LIST = /\/src\/(pages\/backends|messages\/en\/backends)/;

/** What several pages are made of; not what is seldom opened. */
const COMMON = /\/src\/(core|components)\/(?!plot|palette|help)/;

/** What the hub does when it serves the page: it says where the page's root is. */
const withBase: Plugin = {
  name: "with-base",
  apply: "serve",
  transformIndexHtml: () => [{ tag: "base", attrs: { href: "/admin/" }, injectTo: "head-prepend" }],
};

export default defineConfig(({ command }) => ({
  // A built page finds its assets relative to its root, so that it works behind a prefix of a reverse proxy.
  base: command === "serve" ? "/admin/" : "./",
  plugins: [withBase, layered(), precompressed()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: out,
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // One style sheet: those of all pages together are smaller than what a round trip for each would cost.
    cssCodeSplit: false,
    rolldownOptions: {
      output: {
        chunkFileNames: "assets/part-[hash].js",
        assetFileNames: "assets/part-[hash][extname]",
        // Few files rather than many small ones: each costs a round trip. What is shown first is one; what pages share is another;
        // the rest goes with who needs it.
        codeSplitting: {
          groups: [
            { name: "shell", tags: ["$initial"], priority: 3 },
            { name: "list", test: LIST, entriesAware: true, entriesAwareMergeThreshold: 30_000, priority: 2 },
            { name: "common", test: COMMON, entriesAware: true, entriesAwareMergeThreshold: 60_000, priority: 1 },
            { name: "part", entriesAware: true, entriesAwareMergeThreshold: 12_000 },
          ],
        },
      },
    },
  },
  server: { proxy: { "/admin/api": { target: hub, changeOrigin: true } } },
}));
