/** Which kinds of events are wanted: groups as buttons, and each kind in a panel. */

import { Button } from "@/components/button";
import { Popover } from "@/components/popover";
import { t } from "@/core/i18n";
import { type EventKind, GROUP_NAMES, GROUPS } from "@/pages/events/kinds";

/** What is chosen; none stands for all. */
export interface KindMenuProps {
  readonly kinds: ReadonlySet<EventKind>;
  readonly onChange: (kinds: ReadonlySet<EventKind>) => void;
}

/** Groups that are pressed if all their kinds are wanted. */
export function KindMenu({ kinds, onChange }: KindMenuProps) {
  const isWhole = (group: (typeof GROUP_NAMES)[number]) => GROUPS[group].every((kind) => kinds.has(kind));
  const inGroups = GROUP_NAMES.filter(isWhole).flatMap((group) => GROUPS[group]);
  const isSingle = kinds.size > inGroups.length;
  return (
    <fieldset class="event-kinds" aria-label={t("events.groups_label")}>
      <Button pressed={kinds.size === 0} onClick={() => onChange(new Set())}>
        {t("events.all")}
      </Button>
      {GROUP_NAMES.map((group) => (
        <Button key={group} pressed={isWhole(group)} onClick={() => onChange(toggled(kinds, GROUPS[group]))}>
          {t(`events.group_${group}`)}
        </Button>
      ))}
      <Popover
        trigger={
          <span class="button-words">{isSingle ? t("events.kinds_count", { count: kinds.size }) : t("events.kinds")}</span>
        }
        triggerClass={`button button-plain ${isSingle ? "event-kinds-on" : ""}`}
        panelClass="event-kinds-panel"
      >
        {GROUP_NAMES.map((group) => (
          <fieldset key={group} class="event-kinds-group">
            <legend>{t(`events.group_${group}`)}</legend>
            {GROUPS[group].map((kind) => (
              <label key={kind} class="event-kind">
                <input type="checkbox" checked={kinds.has(kind)} onChange={() => onChange(toggled(kinds, [kind]))} />
                {t(`events.kind_${kind}`)}
              </label>
            ))}
          </fieldset>
        ))}
      </Popover>
    </fieldset>
  );
}

/** With all of some kinds, or without them if all are there. */
function toggled(kinds: ReadonlySet<EventKind>, some: readonly EventKind[]): ReadonlySet<EventKind> {
  const others = [...kinds].filter((kind) => !some.includes(kind));
  return new Set(some.every((kind) => kinds.has(kind)) ? others : [...others, ...some]);
}
