/** Says in words what has changed in the fleet and in the connection to it, for those who do not see it. */
import { t } from "@/core/i18n";
import { announce } from "@/state/announce";
import { fleet } from "@/state/fleet";

const EVERY_MS = 5_000;

function summarize(): void {
  const { lost, back } = fleet.tally.takeTurns();
  const sentences = [
    lost > 0 ? t("shell.became_unavailable", { count: lost }) : "",
    back > 0 ? t("shell.became_available", { count: back }) : "",
  ];
  const text = sentences.filter((sentence) => sentence !== "").join(". ");
  if (text !== "") {
    announce(text);
  }
}

/** Say when the connection is lost, and when it is back. */
function followConnection(): void {
  let isLost = false;
  fleet.connection.subscribe(({ state }) => {
    if (!isLost && state === "reconnecting") {
      isLost = true;
      announce(t("shell.connection_lost"));
    } else if (isLost && state === "live") {
      isLost = false;
      announce(t("shell.connection_back"));
    }
  });
}

/** Begin to say it. Once, at the start of the page. */
export function startSummaries(): void {
  setInterval(summarize, EVERY_MS);
  followConnection();
}
