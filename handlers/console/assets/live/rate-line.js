// @ts-check
/**
 * A line of recipients a second, made of the table in it, with a mark at the end of the thirty minutes. A rate holds from
 * the row before to its own, so that a pause lies on the axis.
 */

const SPACE = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, EDGE] = [640, 120, 18];

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 * @param {string} [text]
 */
function element(name, attributes, text) {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}

class RateLine extends HTMLElement {
  connectedCallback() {
    const rows = /** @type {HTMLTableRowElement[]} */ ([...this.querySelectorAll("tr[data-at]")]);
    const points = rows
      .map((row, number) => ({ from: Date.parse(rows[Math.max(0, number - 1)]?.dataset.at ?? ""), at: Date.parse(row.dataset.at ?? ""), rate: Number(row.dataset.rate), isFirst: row.dataset.rate === undefined }))
      .filter((one) => !one.isFirst);
    const begin = Date.parse(this.dataset.begin ?? "");
    const deadline = Date.parse(this.dataset.deadline ?? "");
    const last = points.at(-1)?.at ?? deadline;
    const end = Math.max(deadline, last);
    const most = Math.max(1, ...points.map((one) => one.rate));
    const x = (/** @type {number} */ at) => (EDGE + ((WIDTH - 2 * EDGE) * (at - begin)) / Math.max(1, end - begin)).toFixed(1);
    const y = (/** @type {number} */ rate) => (HEIGHT - EDGE - ((HEIGHT - 2 * EDGE) * rate) / most).toFixed(1);
    const svg = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "rates", role: "img", "aria-label": this.dataset.label ?? "" });
    svg.append(element("line", { class: "axis", x1: EDGE, x2: WIDTH - EDGE, y1: HEIGHT - EDGE, y2: HEIGHT - EDGE }));
    if (points.length > 0) {
      const steps = points.map((one, number) => `${number === 0 ? `M${x(one.from)},${y(0)}` : ""}L${x(one.from)},${y(one.rate)}L${x(one.at)},${y(one.rate)}`).join("");
      svg.append(element("path", { class: "rate", d: `${steps}L${x(last)},${y(0)}`, "data-points": points.length }));
      for (const one of points) svg.append(element("circle", { class: "point", cx: x(one.at), cy: y(one.rate), r: 2 }));
      svg.append(element("text", { x: EDGE, y: EDGE - 4 }, (this.dataset.most ?? "").replace("{rate}", Math.round(most).toLocaleString("en-US"))));
    }
    svg.append(element("line", { class: "deadline", x1: x(deadline), x2: x(deadline), y1: EDGE, y2: HEIGHT - EDGE }));
    svg.append(element("text", { class: "deadline-text", x: x(deadline), y: HEIGHT - 4, "text-anchor": "end" }, this.dataset.deadlineLabel ?? ""));
    this.prepend(svg);
  }
}

customElements.define("rate-line", RateLine);
