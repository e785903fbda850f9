// @ts-check
/**
 * Puts the feed's figures where the page shows them: `data-alert`, `data-lane` and `data-figure` say which.
 * Of an alert the newest figures are shown, FRAME_MS apart: however much is sent, the page works as much.
 */
import { hear } from "console/live/feed";
import { timeOfDay } from "console/live/countdown";

const FRAME_MS = 250;
/** @type {Map<string, any>} */
const waiting = new Map();
/** @type {Map<string, any>} of each alert that the page shows */
const newest = new Map();

/** @param {number | null | undefined} value */
function shown(value) {
  return value === null || value === undefined ? null : Math.round(value).toLocaleString("en-US");
}

/**
 * The sum of a figure over lanes, at least where some are withheld.
 * @param {any[]} lanes
 * @param {string} name
 */
function sum(lanes, name) {
  const known = lanes.map((lane) => lane[name]);
  return `${known.includes(null) ? "≥ " : ""}${shown(known.reduce((total, one) => total + (one ?? 0), 0))}`;
}

/**
 * @param {Element | null} place
 * @param {string | null} text
 */
function write(place, text) {
  if (place !== null && text !== null && place.textContent !== text) place.textContent = text;
}

/**
 * @param {ParentNode} where
 * @param {string} figure
 * @param {string | null} text
 */
function put(where, figure, text) {
  // Its own, before those of what it holds: a lane's row has rings, each with figures of the same names.
  const own = where.querySelector(`:scope > [data-figure="${figure}"]`);
  write(own ?? where.querySelector(`:scope > * > [data-figure="${figure}"]`), text);
}

/** @param {any} progress what the feed says of an alert */
function show(progress) {
  const lanes = Object.entries(progress.lanes ?? {});
  const all = lanes.map(([, lane]) => lane);
  for (const page of document.querySelectorAll(`[data-alert="${progress.alert}"]`)) {
    if (all.length > 0) write(page.querySelector('.figures [data-figure="accepted"]'), sum(all, "accepted"));
    for (const step of /** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll("[data-funnel] [data-step]"))) {
      if (all.length > 0) write(step, sum(all, step.dataset.step ?? ""));
    }
    for (const [name, lane] of lanes) {
      const row = page.querySelector(`tr[data-lane="${CSS.escape(name)}"]`);
      if (row === null) continue;
      for (const one of ["accepted", "entrants", "invalid", "failed"]) put(row, one, shown(lane[one]));
      put(row, "rate", shown(lane.rate_per_s));
      put(row, "eta", lane.eta === null ? null : timeOfDay(lane.eta));
      for (const [ring, cell] of Object.entries(lane.rings)) {
        const place = row.querySelector(`[data-ring="${ring}"]`);
        if (place === null) continue;
        put(place, "accepted", shown(cell.accepted));
        const meter = /** @type {HTMLMeterElement | null} */ (place.querySelector("meter"));
        if (meter !== null) [meter.max, meter.value] = [cell.units || 1, cell.units_done];
      }
    }
  }
}

/** @type {Set<(progress: any) => void>} */
const others = new Set([show]);

/**
 * Calls `other` with the newest figures of an alert, as often as the page shows them.
 * @param {(progress: any) => void} other
 */
export function onFigures(other) {
  others.add(other);
}

/** @param {any} progress */
function take(progress) {
  if (waiting.size === 0) setTimeout(flush, FRAME_MS);
  waiting.set(progress.alert, progress);
}

function flush() {
  const all = [...waiting.values()];
  waiting.clear();
  for (const one of all) {
    newest.set(one.alert, one);
    for (const other of others) other(one);
  }
}

/** Shows the newest figures again in what the server wrote anew: it may have been written before they came. */
function showAgain() {
  for (const [alert, one] of newest) {
    if (document.querySelector(`[data-alert="${alert}"]`) === null) newest.delete(alert);
    else for (const other of others) other(one);
  }
}

document.addEventListener("refreshed", showAgain);
hear("progress", take);
hear("alert", take);
hear("snapshot", (message) => message.alerts.forEach(take));
