/** The panel about what a node has not yet dealt with. */
import { IntentBadge } from "@/components/status";
import { t } from "@/core/i18n";
import type { NodeBackendEntry, WishEntry } from "@/core/wire.gen";

interface Props {
  readonly wishes: readonly WishEntry[];
  readonly backends: readonly NodeBackendEntry[];
}

const SHOWN_MOST = 20;

/** What operators want of a node and it has not yet dealt with; nothing if there is nothing. */
export function OpenWishes({ wishes, backends }: Props) {
  if (wishes.length === 0) {
    return null;
  }
  const names = new Map(backends.map((entry) => [entry.id, entry.name]));
  const more = wishes.length - SHOWN_MOST;
  return (
    <section class="panel" aria-labelledby="wishes">
      <h2 id="wishes">{t("nodes.open_wishes")}</h2>
      <p class="muted">{t("nodes.wishes_text")}</p>
      <ul class="lines">
        {wishes.slice(0, SHOWN_MOST).map((wish) => (
          <li key={wish.id} class="line line-tall">
            <IntentBadge intent={wish.intent} />
            <span class="line-name mono">{names.get(wish.id) ?? wish.id}</span>
            <span class="muted">{wish.reason}</span>
          </li>
        ))}
      </ul>
      {more > 0 && <p class="panel-foot muted">{t("nodes.more_wishes", { count: more })}</p>}
    </section>
  );
}
