/** What somebody prefers. All of it takes effect at once, in every tab. */
import type { ComponentChildren } from "preact";
import { Button } from "@/components/button";
import { Segmented } from "@/components/choice";
import { PageHead } from "@/components/page_head";
import { formatDuration } from "@/core/format";
import { t } from "@/core/i18n";
import { Row, SwitchRow } from "@/pages/preferences/row";
import { Views } from "@/pages/preferences/views";
import { ZoneRow } from "@/pages/preferences/zone";
import { capabilities } from "@/state/capabilities";
import { clockOffset } from "@/state/now";
import { overlay } from "@/state/overlay";
import { DEFAULTS, prefer, preferences } from "@/state/preferences";
import { say } from "@/state/toasts";
import "./preferences.css";

/** A clock that is off by less than this is called right. */
const NOTICED_MS = 2_000;

interface SectionProps {
  readonly title: string;
  readonly hint?: string;
  readonly children: ComponentChildren;
}

function Section({ title, hint, children }: SectionProps) {
  return (
    <section class="preferences-section">
      <h2>{title}</h2>
      {hint === undefined ? null : <p class="muted">{hint}</p>}
      <div class="preferences-box">{children}</div>
    </section>
  );
}

function Look() {
  const { theme, density, motion } = preferences.value;
  return (
    <Section title={t("preferences.look")}>
      <Row label={t("preferences.theme")} hint={t("preferences.theme_hint")}>
        <Segmented
          label={t("preferences.theme")}
          options={(["system", "light", "dark"] as const).map((value) => ({ value, label: t(`shell.theme_${value}`) }))}
          value={theme}
          onChange={(chosen) => prefer({ theme: chosen })}
        />
      </Row>
      <Row label={t("preferences.density")} hint={t("preferences.density_hint")}>
        <Segmented
          label={t("preferences.density")}
          options={(["compact", "normal", "comfortable"] as const).map((value) => ({
            value,
            label: t(`preferences.density_${value}`),
          }))}
          value={density}
          onChange={(chosen) => prefer({ density: chosen })}
        />
      </Row>
      <Row label={t("preferences.motion")} hint={t("preferences.motion_hint")}>
        <Segmented
          label={t("preferences.motion")}
          options={(["system", "reduced"] as const).map((value) => ({ value, label: t(`preferences.motion_${value}`) }))}
          value={motion}
          onChange={(chosen) => prefer({ motion: chosen })}
        />
      </Row>
    </Section>
  );
}

function clockText(offsetMs: number): string {
  if (Math.abs(offsetMs) < NOTICED_MS) {
    return t("preferences.clock_same");
  }
  const span = formatDuration(Math.abs(offsetMs));
  return offsetMs > 0 ? t("preferences.clock_ahead", { span }) : t("preferences.clock_behind", { span });
}

function Time() {
  const { relativeTimes } = preferences.value;
  return (
    <Section title={t("preferences.time")}>
      <ZoneRow />
      <SwitchRow
        label={t("preferences.ages")}
        hint={t("preferences.ages_hint")}
        value={relativeTimes}
        onChange={(chosen) => prefer({ relativeTimes: chosen })}
      />
      <Row label={t("preferences.clock")} hint={clockText(clockOffset.value)}>
        {null}
      </Row>
    </Section>
  );
}

function Keyboard() {
  return (
    <Section title={t("preferences.keyboard")}>
      <SwitchRow
        label={t("preferences.single_keys")}
        hint={t("preferences.single_keys_hint")}
        value={preferences.value.singleKeys}
        onChange={(chosen) => prefer({ singleKeys: chosen })}
      />
      <div class="preference-note">
        <Button
          onClick={() => {
            overlay.value = "help";
          }}
        >
          {t("preferences.all_keys")}
        </Button>
      </div>
    </Section>
  );
}

function Columns() {
  const { columns, widths } = preferences.value;
  const isUsual = columns === null && Object.keys(widths).length === 0;
  return (
    <Row label={t("preferences.columns")} hint={isUsual ? t("preferences.columns_usual") : t("preferences.columns_hint")}>
      <Button disabled={isUsual} onClick={() => prefer({ columns: DEFAULTS.columns, widths: DEFAULTS.widths })}>
        {t("preferences.reset")}
      </Button>
    </Row>
  );
}

function resetAll(): void {
  const before = preferences.peek();
  prefer({ ...DEFAULTS, views: before.views });
  say({
    text: t("preferences.reset_done"),
    tone: "plain",
    action: { label: t("preferences.undo"), run: () => prefer(before) },
  });
}

/** The page. */
export default function PreferencesPage() {
  const version = capabilities.value?.version;
  return (
    <div class="page preferences">
      <PageHead title={t("preferences.title")} counts={<p>{t("preferences.lead")}</p>} />
      <Look />
      <Time />
      <Keyboard />
      <Section title={t("shell.page_backends")}>
        <Columns />
        <Row label={t("preferences.views")} hint={t("preferences.views_hint")}>
          {null}
        </Row>
        <Views />
      </Section>
      <footer class="preferences-foot">
        <Button onClick={resetAll}>{t("preferences.reset_all")}</Button>
        {version === undefined ? null : <span class="muted">{t("preferences.version", { version })}</span>}
      </footer>
    </div>
  );
}
