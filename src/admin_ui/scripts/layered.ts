// Says in each style sheet in which order its layers count, since nobody knows which of them a browser comes upon first.
import type { Plugin } from "vite";

/** The order; `src/styles/tokens.css` says the same for a page under development. */
const ORDER = "@layer tokens,base,components,pages,overrides;";

/** Puts the order of the layers before all else in each style sheet of the build. */
export function layered(): Plugin {
  return {
    name: "layered",
    apply: "build",
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type === "asset" && file.fileName.endsWith(".css")) {
          file.source = ORDER + file.source.toString();
        }
      }
    },
  };
}
