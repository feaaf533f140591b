/** One backend on a page of its own. */

import { Icon } from "@/components/icon";
import { Link } from "@/components/link";
import { PageHead } from "@/components/page_head";
import { t } from "@/core/i18n";
import { keyOf } from "@/core/store";
import { BackendContent } from "@/pages/backend/content";
import { nameOfKey } from "@/pages/backend/key";
import { type Neighbours, useNeighbours } from "@/pages/backend/neighbours";
import { useKeys } from "@/state/keys";
import { go, place, type To } from "@/state/place";
import "./page.css";

/** The backend that the address names. */
export default function BackendPage() {
  const { path, params } = place.value;
  const [kind = "", name = ""] = path;
  const key = keyOf(kind, name);
  return (
    <div class="page backend-page">
      <Trail kind={kind} name={name} />
      <PageHead
        title={name}
        counts={<span>{kind}</span>}
        actions={<Steps backendKey={key} q={params.get("q") ?? ""} sort={params.get("sort") ?? ""} />}
      />
      <BackendContent key={key} backendKey={key} />
    </div>
  );
}

/** The parameters of the list that somebody came from, so that the way leads back there. */
function listParams(): Record<string, string> {
  return Object.fromEntries(place.value.params);
}

function Trail({ kind, name }: { readonly kind: string; readonly name: string }) {
  return (
    <nav class="backend-trail" aria-label={t("backend.breadcrumb")}>
      <ol>
        <li>
          <Link to={{ page: "backends", params: listParams() }}>{t("backend.back_to_list")}</Link>
        </li>
        <li>
          <Link to={{ page: "backends", params: { q: `kind:${kind}` } }}>{kind}</Link>
        </li>
        <li aria-current="page" class="cut">
          {name}
        </li>
      </ol>
    </nav>
  );
}

interface StepsProps {
  readonly backendKey: string;
  readonly q: string;
  readonly sort: string;
}

/** To the previous and the next backend; `k` and `j` do the same. */
function Steps({ backendKey, q, sort }: StepsProps) {
  const { place: at, count, previous, next }: Neighbours = useNeighbours(backendKey, q, sort);
  const step = (key: string | undefined) => () => {
    if (key !== undefined) {
      go(placeOf(key));
    }
  };
  useKeys("backend", { k: step(previous), j: step(next) });
  if (at === 0) {
    return null;
  }
  return (
    <>
      <span class="muted">{t("backend.position", { place: at, count })}</span>
      <Step to={previous} icon="up" label={t("backend.previous")} />
      <Step to={next} icon="down" label={t("backend.next")} />
    </>
  );
}

function placeOf(key: string): To {
  const { kind, name } = nameOfKey(key);
  return { page: "backends", path: [kind, name], params: listParams() };
}

/** A link that is there, but leads nowhere, at the ends of the list: so the others stay where they are. */
function Step({ to, icon, label }: { readonly to: string | undefined; readonly icon: "up" | "down"; readonly label: string }) {
  if (to === undefined) {
    return (
      <span class="button button-plain button-icon backend-step-none" aria-hidden="true">
        <Icon name={icon} />
      </span>
    );
  }
  return (
    <Link to={placeOf(to)} class="button button-plain button-icon" label={label} title={label}>
      <Icon name={icon} />
    </Link>
  );
}
