// @ts-check
// Blanks the page when the alert is over: by its state, or by the expiry that stands in the page, offline too.

const CHECK_AGAIN_MS = 16_000; // a cache may keep the state for 15 seconds
const CHECK_EVERY_MS = 120_000;
const TIMER_MAX_MS = 2_000_000_000; // setTimeout takes no more

const root = document.documentElement;
/** @type {number | undefined} */
let expiryTimer;

/** Show that the alert is over, and nothing else. */
function blank() {
  const over = document.getElementById("over");
  if (!(over instanceof HTMLTemplateElement) || root.dataset.state === "over") return;
  root.dataset.state = "over";
  document.title = "";
  document.body.replaceChildren(over.content.cloneNode(true));
}

/** Ask whether the alert is over. What cannot be asked is judged by the expiry alone. */
async function check() {
  if (root.dataset.state !== "live") return;
  try {
    const answer = await fetch(`/p/${root.dataset.code}/state.json`, { cache: "no-store" });
    if (answer.status === 404) {
      blank();
    } else if (answer.ok) {
      const state = await answer.json();
      if (state.state === "over") blank();
      else if (state.expires) {
        root.dataset.expires = state.expires;
        watchExpiry(CHECK_AGAIN_MS);
      }
      return;
    }
  } catch {
    // offline
  }
  if (left() <= 0) blank();
}

/** @returns {number} the milliseconds until the alert expires, by this device's clock */
function left() {
  return Date.parse(root.dataset.expires ?? "") - Date.now();
}

/**
 * Check at the expiry, not before some time has passed: the clock of this device may be wrong.
 * @param {number} leastMs
 */
function watchExpiry(leastMs) {
  clearTimeout(expiryTimer);
  expiryTimer = window.setTimeout(check, Math.min(Math.max(left(), leastMs), TIMER_MAX_MS));
}

/** Check now and once more, when no cache can have an older state any more. */
function look() {
  if (document.visibilityState !== "visible") return;
  check();
  window.setTimeout(check, CHECK_AGAIN_MS);
}

if (root.dataset.state === "live") {
  document.addEventListener("visibilitychange", look);
  window.addEventListener("focus", look);
  window.addEventListener("online", look);
  window.addEventListener("pageshow", (event) => {
    const [visit] = performance.getEntriesByType("navigation");
    const isKept = visit instanceof PerformanceNavigationTiming && (visit.type === "back_forward" || visit.transferSize === 0);
    if (event.persisted || isKept) look();
  });
  window.setInterval(() => document.visibilityState === "visible" && check(), CHECK_EVERY_MS);
  watchExpiry(0);
}
