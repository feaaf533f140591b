/** The key that leads to the search field of a page. */
import { useRef } from "preact/hooks";
import { useKeys } from "@/state/keys";

/** Makes `/` lead to a search field; what it gives is the `inputRef` of that field. */
export function useSearchKey(): (input: HTMLInputElement | null) => void {
  const field = useRef<HTMLInputElement | null>(null);
  useKeys("search", { "/": () => field.current?.focus() });
  return (input) => {
    field.current = input;
  };
}
