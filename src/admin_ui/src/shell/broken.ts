/** The list of what is broken, which several ways lead to. */
import type { To } from "@/state/place";

/** Backends that are not as they should be. */
export const BROKEN: To = { page: "backends", params: { q: "status:unavailable,degraded" } };
