/** The fleet as the page sees it: the store of backends, what feeds it, and signals for what the frame shows. */
import { computed, effect, signal } from "@preact/signals";
import { BackendStore, type Facts } from "@/core/store";
import { type Connection, Feed } from "@/core/sync";
import { timerWait } from "@/core/sync_wait";
import { Tally } from "@/core/tally";
import { inLiveFrame } from "@/state/live_frame";
import { session } from "@/state/session";

const store = new BackendStore();
const tally = new Tally(store);

const feed = new Feed({
  store,
  http: (path, init) => fetch(path, { cache: "no-store", credentials: "same-origin", redirect: "error", ...init }),
  clock: () => Date.now(),
  random: () => Math.random(),
  wait: timerWait,
});

const connection = signal<Connection>(feed.connection);
const frame = signal(0);
const facts = signal<Facts>(store.facts);
const loaded = signal(store.loaded);
const heardAtMs = signal(0);
const hadRows = signal(false);

/** It is not asked for first who is there: if nobody is signed in, the hub's answer says so. */
const isWanted = computed(() => session.value !== "signed_out");

function draw(): void {
  facts.value = store.facts;
  loaded.value = store.loaded;
  hadRows.value ||= store.size > 0;
  frame.value += 1;
}

function onVisibility(): void {
  if (document.hidden) {
    feed.hide();
  } else {
    feed.show();
  }
}

function onFeed(): void {
  connection.value = feed.connection;
  heardAtMs.value = feed.heardAtMs ?? 0;
  if (feed.connection.state === "signed_out") {
    session.value = "signed_out";
  }
}

/**
 * The fleet. `frame` goes up a dozen times a second at most while the store changes; `facts` and `loaded` are the store's, as
 * of that frame; `heardAtMs` is when the hub was last heard, by the browser's clock, 0 if it was not yet; `hadRows` says
 * whether there was any backend since the page was opened.
 */
export const fleet = { store, tally, feed, connection, frame, facts, loaded, heardAtMs, hadRows } as const;

/** Follow the fleet unless nobody is signed in; rest while the page is hidden. Once, at the start of the page. */
export function followFleet(): void {
  store.subscribe(() => inLiveFrame(draw));
  feed.subscribe(onFeed);
  // A page that was opened in the background is hidden from the start.
  onVisibility();
  effect(() => {
    if (isWanted.value) {
      feed.start();
    } else {
      feed.stop();
    }
  });
  document.addEventListener("visibilitychange", onVisibility);
}
