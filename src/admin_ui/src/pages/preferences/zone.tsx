/** The time zone: local, UTC, or any other, which is looked for by a part of its name. */
import { useState } from "preact/hooks";
import { Segmented } from "@/components/choice";
import { SearchField } from "@/components/field";
import { formatNumber } from "@/core/format";
import { t } from "@/core/i18n";
import { formatTime, offsetLabel, type Zone, zonesLike } from "@/core/time";
import { Row } from "@/pages/preferences/row";
import { now, serverNow } from "@/state/now";
import { prefer, preferences } from "@/state/preferences";

const SHOWN_MOST = 60;

function ZoneList({ chosen }: { readonly chosen: Zone }) {
  const [text, setText] = useState("");
  const found = zonesLike(text);
  const shown = found.includes(chosen) ? [chosen, ...found.filter((zone) => zone !== chosen)] : found;
  return (
    <div class="zones">
      <SearchField label={t("preferences.zone_search")} value={text} onInput={setText} />
      {found.length === 0 ? <p class="muted">{t("preferences.zone_none")}</p> : null}
      <fieldset class="zones-list">
        <legend class="hidden-visually">{t("preferences.zone")}</legend>
        {shown.slice(0, SHOWN_MOST).map((zone) => (
          <label key={zone} class="zone">
            <input type="radio" name="zone" checked={zone === chosen} onChange={() => prefer({ zone })} />
            <span class="cut">{zone.replaceAll("_", " ")}</span>
            <span class="muted">{offsetLabel(zone, serverNow())}</span>
          </label>
        ))}
      </fieldset>
      {shown.length > SHOWN_MOST ? (
        <p class="muted">{t("preferences.zones_more", { count: formatNumber(shown.length - SHOWN_MOST) })}</p>
      ) : null}
    </div>
  );
}

/** The browser's zone by name, as a beginning where another one is wanted. */
function ownZone(): Zone {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** The choice of the zone. */
export function ZoneRow() {
  const { zone } = preferences.value;
  const kind = zone === "local" || zone === "utc" ? zone : "other";
  return (
    <>
      <Row label={t("preferences.zone")} hint={t("preferences.zone_hint", { time: formatTime(now.value, zone, "full") })}>
        <Segmented
          label={t("preferences.zone")}
          options={[
            { value: "local", label: t("time.local") },
            { value: "utc", label: t("preferences.zone_utc") },
            { value: "other", label: t("preferences.zone_other") },
          ]}
          value={kind}
          onChange={(chosen) => prefer({ zone: chosen === "other" ? ownZone() : chosen })}
        />
      </Row>
      {kind === "other" ? <ZoneList chosen={zone} /> : null}
    </>
  );
}
