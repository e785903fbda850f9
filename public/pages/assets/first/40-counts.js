// @ts-check
// Says what is done on the page, each thing once a view, for one view in data-sample: nothing of who does it.

const isCounted = Math.random() * Number(root.dataset.sample) < 1;
const channel = location.hash.slice(1, 2);
/** @type {Set<string>} */
const told = new Set();

/**
 * Count an action of this view.
 * @param {string} kind
 */
function count(kind) {
  if (!isCounted || told.has(kind) || root.dataset.state !== "live") return;
  told.add(kind);
  navigator.sendBeacon?.(`/b/${root.dataset.code}`, `${kind} ${channel}`);
}

count("open");
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (link?.matches(".call")) count("call");
  if (link?.matches("[href*='/poster.']")) count("poster");
});
// Who copies the address out of the browser shares it.
if (channel === "p" || channel === "q") history.replaceState(null, "", "#s");
