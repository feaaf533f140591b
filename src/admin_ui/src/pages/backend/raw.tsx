/** The part with the hub's own words: the answer as it is. */

import { useState } from "preact/hooks";
import { CopyButton } from "@/components/copy_button";
import { Toggle } from "@/components/toggle";
import { t } from "@/core/i18n";
import type { ClusterBackend } from "@/core/wire.gen";
import { Section } from "@/pages/backend/section";

/** JSON that is copied, and shown while it is open. */
export function Raw({ backend }: { readonly backend: ClusterBackend }) {
  const [open, setOpen] = useState(false);
  const text = () => JSON.stringify(backend, null, 2);
  return (
    <Section
      title={t("backend.raw")}
      aside={
        <span class="backend-section-tools">
          <CopyButton text={text} label={t("backend.copy_json")} />
          <Toggle label={t(open ? "backend.raw_hide" : "backend.raw_show")} open={open} onToggle={setOpen} />
        </span>
      }
    >
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
        <section class="backend-raw" tabIndex={0} aria-label={t("backend.raw")}>
          <pre>{text()}</pre>
        </section>
      )}
    </Section>
  );
}
