/** Grey lines where something will be, shown only when it takes longer than one notices. */
import { t } from "@/core/i18n";
import "./skeleton.css";

/** As many lines as there will be, about. The first 150 ms nothing is seen. */
export function Skeleton({ rows = 3 }: { readonly rows?: number }) {
  return (
    <div class="skeleton" role="status">
      <span class="hidden-visually">{t("shell.loading")}</span>
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} class="skeleton-row" aria-hidden="true" />
      ))}
    </div>
  );
}
