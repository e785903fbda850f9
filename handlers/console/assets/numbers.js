// @ts-check
/** Puts the feed's figures where the page shows them: `data-alert`, `data-lane` and `data-figure` say which. */
import { hear } from "console/feed";

/** @param {number | null | undefined} value */
function shown(value) {
  return value === null || value === undefined ? null : Math.round(value).toLocaleString("en-US");
}

/**
 * @param {ParentNode} where
 * @param {string} figure
 * @param {string | null} text
 */
function put(where, figure, text) {
  const place = where.querySelector(`:scope > [data-figure="${figure}"], :scope > * > [data-figure="${figure}"]`);
  if (place !== null && text !== null && place.textContent !== text) place.textContent = text;
}

/** @param {any} progress what the feed says of an alert */
function show(progress) {
  const lanes = Object.entries(progress.lanes ?? {});
  for (const page of document.querySelectorAll(`[data-alert="${progress.alert}"]`)) {
    const known = lanes.map(([, lane]) => lane.accepted);
    const total = known.reduce((sum, one) => sum + (one ?? 0), 0);
    const figure = page.querySelector('.figures [data-figure="accepted"]');
    const text = `${known.includes(null) ? "≥ " : ""}${shown(total)}`;
    if (figure !== null && figure.textContent !== text) figure.textContent = text;
    for (const [name, lane] of lanes) {
      const row = page.querySelector(`tr[data-lane="${CSS.escape(name)}"]`);
      if (row === null) continue;
      for (const one of ["accepted", "invalid", "failed"]) put(row, one, shown(lane[one]));
      put(row, "rate", shown(lane.rate_per_s));
      put(row, "eta", lane.eta === null ? null : new Date(lane.eta).toLocaleTimeString("en-GB"));
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

hear("progress", show);
hear("alert", show);
hear("snapshot", (message) => message.alerts.forEach(show));
