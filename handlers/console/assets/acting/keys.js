// @ts-check
/** Keys: `p` pauses what the page shows, `g` and a letter go to a screen, `?` lists them. None does what cannot be taken back. */

const SCREENS = /** @type {Record<string, string>} */ ({
  o: "/console", q: "/console/queue", a: "/console/alarms", t: "/console/trail", e: "/console/exercises",
  s: "/console/sightings",
});
let before = "";

/**
 * Whether a key is meant for the page: not one that is typed into a field, nor a shortcut of the browser.
 * @param {KeyboardEvent} event
 */
export function isForPage(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  return !(event.ctrlKey || event.metaKey || event.altKey || target.matches("input, textarea, select, [contenteditable]"));
}

document.addEventListener("keydown", (event) => {
  if (!isForPage(event)) return;
  const key = event.key;
  if (before === "g" && key in SCREENS) {
    window.location.href = SCREENS[key] ?? "";
  } else if (key === "?") {
    /** @type {HTMLDialogElement | null} */ (document.querySelector("#keys"))?.showModal();
  } else {
    /** @type {HTMLElement | null} */ (document.querySelector(`[data-key="${CSS.escape(key)}"]`))?.click();
  }
  before = key;
});
