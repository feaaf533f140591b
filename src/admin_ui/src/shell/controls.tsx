/** Controls of the top bar: time zone, theme, and who is signed in. */
import { Menu, type MenuItem } from "@/components/menu";
import { t } from "@/core/i18n";
import { offsetLabel, zoneLabel } from "@/core/time";
import { isDark } from "@/state/look";
import { serverNow } from "@/state/now";
import { overlay } from "@/state/overlay";
import { go } from "@/state/place";
import { type Preferences, prefer, preferences } from "@/state/preferences";
import { session, signOut } from "@/state/session";
import { say } from "@/state/toasts";

/** Which zone all times are written in. */
export function ZoneSwitch() {
  const { zone } = preferences.value;
  const at = serverNow();
  const zones = zone === "local" || zone === "utc" ? ["local", "utc"] : ["local", "utc", zone];
  const items: MenuItem[] = zones.map((each) => ({
    id: each,
    label: zoneLabel(each, at),
    checked: each === zone,
    run: () => prefer({ zone: each }),
  }));
  items.push({ id: "other", label: t("shell.zone_more"), run: () => go({ page: "preferences" }) });
  const short =
    zone === "utc" ? "UTC" : zone === "local" ? `${t("time.local")} (${offsetLabel(zone, at)})` : zoneLabel(zone, at);
  return <Menu label={t("shell.zone")} trigger={short} items={items} kind="ghost" />;
}

const THEMES: readonly Preferences["theme"][] = ["system", "light", "dark"];

/** Light or dark. */
export function ThemeSwitch() {
  const { theme } = preferences.value;
  const items = THEMES.map((each) => ({
    id: each,
    label: t(`shell.theme_${each}`),
    checked: each === theme,
    run: () => prefer({ theme: each }),
  }));
  return <Menu label={t("shell.theme")} trigger={null} icon="contrast" items={items} kind="ghost" />;
}

/** Change to the other of light and dark. */
export function toggleTheme(): void {
  prefer({ theme: isDark() ? "light" : "dark" });
}

async function leave(): Promise<void> {
  try {
    await signOut();
    // Anew, so that nothing of what was shown stays in memory.
    location.assign(new URL("sign-in", document.baseURI));
  } catch {
    say({ text: t("shell.problem_offline"), tone: "bad" });
  }
}

/** Who is signed in, and the way out. */
export function Account() {
  const known = session.value;
  if (typeof known === "string") {
    return null;
  }
  const isOpen = known.sign_in === "not_needed";
  const items: MenuItem[] = [
    { id: "preferences", label: t("shell.page_preferences"), run: () => go({ page: "preferences" }) },
    { id: "keys", label: t("shell.keys"), hint: "?", run: () => (overlay.value = "help") },
    ...(isOpen ? [] : [{ id: "out", label: t("shell.sign_out"), run: () => void leave() }]),
  ];
  const who = isOpen ? t("shell.role_open") : t(`shell.role_${known.role}`);
  return <Menu label={t("shell.account")} trigger={who} icon="user" items={items} kind="ghost" />;
}
