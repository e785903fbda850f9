// @ts-check
/** The review: a language counts as read once it was shown; the approval waits for all of them. */
import { hear } from "console/live/feed";
import "console/acting/action";
import "console/live/area-map";

for (const shown of /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll("details.locale"))) {
  const look = () => {
    const box = /** @type {HTMLInputElement | null} */ (document.querySelector(`[data-read="${CSS.escape(shown.dataset.locale ?? "")}"]`));
    if (shown.open && box !== null) box.checked = true;
  };
  shown.addEventListener("toggle", look);
  look();
}

const page = /** @type {HTMLElement | null} */ (document.querySelector(".review"));
hear("alert", (message) => {
  if (page !== null && message.alert === page.dataset.alert) page.dataset.stale = "";
});
