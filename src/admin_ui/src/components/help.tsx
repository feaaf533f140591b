/** The list of keys. */
import { Dialog } from "@/components/dialog";
import { KeyHint } from "@/components/key_hint";
import { t } from "@/core/i18n";
import { overlay } from "@/state/overlay";
import { preferences } from "@/state/preferences";
import "./help.css";

/** What the keys do, by where they do it. */
const GROUPS = [
  { id: "everywhere", keys: { "Ctrl+k": "palette", "?": "keys", Space: "pause", b: "broken" } },
  {
    id: "go",
    keys: { "g o": "overview", "g b": "backends", "g m": "models", "g n": "nodes", "g e": "events", "g p": "preferences" },
  },
  {
    id: "list",
    keys: {
      "/": "search",
      "j ArrowDown": "next",
      "k ArrowUp": "previous",
      "Home End": "ends",
      "PageUp PageDown": "page",
      x: "select",
      "Shift+ArrowDown": "select_range",
      Enter: "open",
      Escape: "close",
      d: "drain",
      ".": "apply",
    },
  },
  { id: "drawer", keys: { "Alt+ArrowUp ArrowDown": "neighbours", Escape: "close" } },
] as const;

function close(): void {
  overlay.value = null;
}

/** All keys in a dialog. */
export default function Help() {
  return (
    <Dialog open wide title={t("help.title")} onClose={close}>
      {preferences.value.singleKeys ? null : <p class="muted">{t("help.off")}</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: in a low window the list scrolls, and has nothing else to be scrolled by. */}
      <section class="help" aria-label={t("help.title")} tabIndex={0}>
        {GROUPS.map((group) => (
          <div key={group.id} class="help-group">
            <h3>{t(`help.${group.id}`)}</h3>
            <dl>
              {Object.entries(group.keys).map(([keys, what]) => (
                <div key={keys}>
                  <dt>
                    <KeyHint keys={keys} />
                  </dt>
                  <dd>{t(`help.${what}`)}</dd>
                </div>
              ))}
            </dl>
          </div>
        ))}
      </section>
    </Dialog>
  );
}
