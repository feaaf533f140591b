/** Why a node could not be asked. Pure. */
import type { MessageKey } from "@/core/i18n";
import type { HttpProblem } from "@/state/problem";

/** What kind of refusal it is: the node is not asked at all, it did not answer in time, or what it answered cannot be used. */
export type RefusalTitle = Extract<MessageKey, "nodes.not_asked" | "nodes.no_answer" | "nodes.in_time">;

const TITLES: Readonly<Record<number, RefusalTitle>> = {
  409: "nodes.not_asked",
  502: "nodes.no_answer",
  504: "nodes.in_time",
};

/** The title of a refusal to ask a node, of which the hub says why and what to do; undefined for a problem with something else. */
export function refusalTitle(problem: HttpProblem): RefusalTitle | undefined {
  return TITLES[problem.status];
}
