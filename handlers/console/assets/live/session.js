// @ts-check
/**
 * The session: its page says before it ends, and keeps what was typed when it has. A page that is open uses the session.
 */

const ASK_MS = 20_000;
const banner = /** @type {HTMLElement | null} */ (document.querySelector("[data-session]"));

/** Whether somebody has typed something on this page that is not sent. */
function isTyped() {
  const fields = /** @type {NodeListOf<HTMLInputElement | HTMLTextAreaElement>} */ (
    document.querySelectorAll("main textarea, main input:not([type=hidden])")
  );
  return Array.from(fields).some((one) => one.value !== one.defaultValue);
}

/** @param {"ends" | "ended" | null} state */
function say(state) {
  if (banner === null) return;
  banner.hidden = state === null;
  for (const text of /** @type {NodeListOf<HTMLElement>} */ (banner.querySelectorAll("[data-says]"))) {
    text.hidden = text.dataset.says !== state;
  }
}

/**
 * Goes to the sign-in, or says that the session has ended where something was typed.
 * @returns {boolean} whether the page is left
 */
export function ended() {
  if (!isTyped()) {
    window.location.reload();
    return true;
  }
  say("ended");
  return false;
}

async function ask() {
  const answer = await fetch("/console/session").catch(() => null);
  if (answer?.status === 401) ended();
  else if (answer?.ok) say((await answer.json()).is_ending ? "ends" : null);
}

if (banner !== null) setInterval(() => void ask(), ASK_MS);
