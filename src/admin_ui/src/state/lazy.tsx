/** Parts of the page that are loaded when they are first shown. */
import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { Problem } from "@/components/problem";
import { Skeleton } from "@/components/skeleton";
import { type LaterArea, loadMessages } from "@/messages/en";
import { HttpProblem } from "@/state/problem";

/** A component that is loaded when it is first shown, or before that with `load`. */
export type Lazy<P> = ComponentType<P> & { readonly load: () => Promise<void> };

const UNLOADABLE = new HttpProblem({ status: 0, code: "not_loaded", detail: "" });

/**
 * A component from a module that is loaded when it is first shown, together with the messages that it needs.
 *
 * While it loads there is a skeleton. If it cannot be loaded, as when the hub has another version by now, the page says so and
 * offers to try again.
 */
export function lazy<P extends object>(
  importModule: () => Promise<{ readonly default: ComponentType<P> }>,
  ...areas: readonly LaterArea[]
): Lazy<P> {
  const state = signal<{ readonly Part?: ComponentType<P>; readonly failed?: boolean }>({});
  let loading: Promise<void> | undefined;
  const load = (): Promise<void> => {
    loading ??= Promise.all([importModule(), loadMessages(areas)]).then(
      ([module]) => {
        state.value = { Part: module.default };
      },
      () => {
        loading = undefined;
        state.value = { failed: true };
      },
    );
    return loading;
  };
  const again = () => {
    state.value = {};
    void load();
  };
  function LazyPart(props: P) {
    const { Part, failed } = state.value;
    useEffect(() => void load(), []);
    if (Part !== undefined) {
      return <Part {...props} />;
    }
    return failed ? <Problem problem={UNLOADABLE} retry={again} /> : <Skeleton rows={6} />;
  }
  return Object.assign(LazyPart, { load });
}
