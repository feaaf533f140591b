/** Nothing has reported to this hub yet: what to do about it. */
import { CopyButton } from "@/components/copy_button";
import { Empty } from "@/components/empty";
import { t } from "@/core/i18n";
import { capabilities } from "@/state/capabilities";
import { fleet } from "@/state/fleet";
import "./first_run.css";

/** Where nodes find this hub: the address of the page without what is the page's own. */
function hubAddress(): string {
  return new URL("..", document.baseURI).href.replace(/\/$/, "");
}

/** The lines of a router's file, as the hub prints them when it starts. */
function reportLines(needsToken: boolean): string {
  return ["[report]", `url = "${hubAddress()}"`, ...(needsToken ? ['token_env = "NODE_TOKEN"'] : [])].join("\n");
}

/** Says that no node has reported yet, and how one does; or, after a restart of the hub, that nodes are waited for. */
export function FirstRun() {
  if (fleet.hadRows.value && !fleet.facts.value.complete) {
    return <Empty title={t("shell.restarted_title")} text={t("shell.restarted_text")} />;
  }
  const needsToken = capabilities.value?.sign_in ?? false;
  const lines = reportLines(needsToken);
  return (
    <Empty
      title={t("shell.first_run_title")}
      text={
        <div class="first-run">
          <p>{t("shell.first_run_text")}</p>
          <pre>{lines}</pre>
          {needsToken ? (
            <>
              <p>{t("shell.first_run_token")}</p>
              <pre>python -m backend_registry.serve --mint-node-token NODE-ID</pre>
            </>
          ) : null}
          <p>{t("shell.first_run_waits")}</p>
        </div>
      }
      action={<CopyButton text={lines} />}
    />
  );
}
