/** The filter of the list of nodes by how they stand. */
import { StandingBadge } from "@/components/status";
import { formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import { FENCED, STANDINGS, type Standing } from "@/pages/nodes/listing";
import { setParams } from "@/state/place";

interface Props {
  readonly counts: Readonly<Record<Standing, number>>;
  readonly chosen: ReadonlySet<Standing>;
}

/** Which standings are shown, each with how many nodes stand so; of those that are out of the fleet that is known once they are shown. */
export function StandingFilter({ counts, chosen }: Props) {
  const toggle = (standing: Standing) => {
    const next = STANDINGS.filter((one) => (one === standing) !== chosen.has(one));
    setParams({ standing: next.join(",") });
  };
  return (
    <fieldset class="standing-filter">
      <legend class="hidden-visually">{t("nodes.standing")}</legend>
      {STANDINGS.map((standing) => (
        <button
          key={standing}
          type="button"
          class="standing-choice"
          aria-pressed={chosen.has(standing)}
          title={t(`nodes.${standing}_hint`)}
          onClick={() => toggle(standing)}
        >
          <StandingBadge standing={standing} />
          {(!FENCED.has(standing) || counts[standing] > 0) && <span class="muted">{formatNumber(counts[standing])}</span>}
        </button>
      ))}
    </fieldset>
  );
}
