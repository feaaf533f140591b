/** The start of the page. Its style sheets come first, since the first says in which order the layers of all others count. */
import "@/styles/tokens.css";
import "@/styles/base.css";
import { render } from "preact";
import { App, fetchPart } from "@/app";
import { preferredEnglish, setLocale } from "@/core/i18n";
import { addStartMessages } from "@/messages/en";
import { followFleet } from "@/state/fleet";
import { listenToKeys } from "@/state/keys";
import { followLook } from "@/state/look";
import { startClock } from "@/state/now";
import { followAddress } from "@/state/place";
import { followPreferences } from "@/state/preferences";
import { start } from "@/state/start";
import { startSummaries } from "@/state/summaries";

const asked = new URLSearchParams(location.search).get("locale");

addStartMessages();
setLocale(preferredEnglish(navigator.languages), { pseudo: asked === "pseudo" });
followLook();
followPreferences();
followAddress();
listenToKeys();
startClock();
followFleet();
startSummaries();
start();
fetchPart();

const root = document.getElementById("app");
if (root !== null) {
  render(<App />, root);
}
