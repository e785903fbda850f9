// @ts-check
/** Shows what is left until a time beside it, by the server's clock as the page was written with it, and that clock. */

const clock = /** @type {HTMLTimeElement | null} */ (document.querySelector("[data-server-clock]"));
const ahead = clock === null ? 0 : Date.parse(clock.dateTime) - Date.now();

/** The server's time, milliseconds since 1970. */
export function serverNow() {
  return Date.now() + ahead;
}

/** @param {number} ms */
function span(ms) {
  const left = Math.abs(Math.round(ms / 1000));
  const text = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  return ms < 0 ? `−${text}` : text;
}

/**
 * The time of day of the place, as the server writes it.
 * @param {number | string} at milliseconds since 1970, or a time as the server writes it for machines
 */
export function timeOfDay(at) {
  return new Date(at).toLocaleTimeString("en-GB", { timeZone: document.documentElement.dataset.zone });
}

function show() {
  if (clock !== null) clock.textContent = `${timeOfDay(serverNow())} ${clock.dataset.serverClock}`;
  for (const time of /** @type {NodeListOf<HTMLTimeElement>} */ (document.querySelectorAll('[data-countdown="on"]'))) {
    const left = Date.parse(time.dateTime) - serverNow();
    let beside = /** @type {HTMLElement | null} */ (time.nextElementSibling);
    if (beside === null || !beside.matches(".left")) {
      beside = document.createElement("span");
      beside.className = "left";
      time.after(beside);
    }
    beside.textContent = ` ${span(left)}`;
    beside.classList.toggle("late", left < 0);
  }
}

setInterval(show, 1000);
show();
