/** The part about credentials: which environment variables a node misses, by its own word. Never a value. */

import { type Fact, Facts } from "@/components/facts";
import { Link } from "@/components/link";
import { t } from "@/core/i18n";
import { missingCredentials, type NodeRow } from "@/pages/backend/node_rows";
import { Section } from "@/pages/backend/section";

const NODES_MOST = 6;

/** Each variable that is missing somewhere, and where; or that none is. */
export function Credentials({ rows }: { readonly rows: readonly NodeRow[] }) {
  const missing = missingCredentials(rows);
  const facts = [...missing].map(([name, ids]): Fact => [name, <Missing key={name} ids={ids} total={rows.length} />]);
  return (
    <Section title={t("backend.credentials")}>
      {facts.length > 0 ? <Facts facts={facts} /> : <p class="muted">{t("backend.credentials_complete")}</p>}
    </Section>
  );
}

function Missing({ ids, total }: { readonly ids: readonly string[]; readonly total: number }) {
  return (
    <>
      <span class="credential-missing">{t("backend.credential_missing", { count: ids.length, total })}</span>
      <ul class="credential-nodes">
        {ids.slice(0, NODES_MOST).map((id) => (
          <li key={id}>
            <Link to={{ page: "nodes", path: [id] }} class="mono">
              {id}
            </Link>
          </li>
        ))}
        {ids.length > NODES_MOST && <li class="muted">{t("backend.more", { count: ids.length - NODES_MOST })}</li>}
      </ul>
    </>
  );
}
