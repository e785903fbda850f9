// @ts-check
/**
 * A map of areas: draws what the table in it says, and fills each ring as far as it is through.
 * The table is what can be read and focused; the drawing says nothing that it does not.
 */
import "console/leaflet";
import { onFigures } from "console/live/numbers";

/** @type {any} */
const L = /** @type {any} */ (window).L;
const PADDING = [16, 16];
/** A town and what is around it. */
const CLOSE = 11;
const FAINT = 0.04;
const FULL = 0.5;

class AreaMap extends HTMLElement {
  /** @type {any} */ #map;
  /** @type {Map<string, {layer: any, label: any}>} */ #rings = new Map();
  /** @type {any} */ #drawn;
  /** @type {any} */ #points;
  /** @type {string | undefined} */ #shapes;

  connectedCallback() {
    const place = document.createElement("div");
    place.className = "map";
    place.setAttribute("aria-hidden", "true");
    this.prepend(place);
    this.#map = L.map(place, { attributionControl: Boolean(this.dataset.tiles), keyboard: false, zoomSnap: 0.25, fadeAnimation: false, zoomAnimation: false });
    // By keyboard one reads the table, which has it all.
    for (const link of place.querySelectorAll("a")) link.tabIndex = -1;
    this.#map.setView([35, 105], 4);
    if (this.dataset.tiles) L.tileLayer(this.dataset.tiles, { attribution: this.dataset.attribution ?? "" }).addTo(this.#map);
    this.addEventListener("refreshed", () => void this.#draw());
    void this.#draw();
  }

  /** Draws what the table has; fetches the shapes again only where its rings are others. */
  async #draw() {
    const rows = /** @type {HTMLTableRowElement[]} */ ([...this.querySelectorAll("tr[data-shape]")]);
    const shapes = rows.map((row) => row.dataset.shape).join(";");
    if (shapes !== this.#shapes) {
      this.#drawn?.remove();
      this.#rings.clear();
      this.#drawn = L.featureGroup().addTo(this.#map);
      if (this.getAttribute("src")) await this.#fetched();
      else rows.forEach((row) => this.#circle(row));
      this.#shapes = shapes;
      const bounds = this.#drawn.getBounds();
      if (bounds.isValid()) this.#map.fitBounds(bounds, { padding: PADDING });
    }
    rows.forEach((row) => this.#fill(row));
    this.#mark();
    this.dataset.ready = "";
  }

  /** Marks the places that the table has beside rings, each with its label. */
  #mark() {
    const isFirst = this.#points === undefined;
    this.#points?.remove();
    this.#points = L.featureGroup().addTo(this.#map);
    for (const row of /** @type {NodeListOf<HTMLTableRowElement>} */ (this.querySelectorAll("tr[data-point]"))) {
      const { longitude, latitude, label, point } = row.dataset;
      const place = [Number(latitude), Number(longitude)];
      const mark = L.circleMarker(place, { className: "drawn drawn-point", radius: 6, interactive: false }).addTo(this.#points);
      mark.getElement()?.setAttribute("data-point", point ?? "");
      const icon = L.divIcon({ className: "map-label", html: "", iconSize: null, iconAnchor: [-8, 8] });
      const name = L.marker(place, { interactive: false, keyboard: false, icon }).addTo(this.#points).getElement();
      if (name) name.textContent = label ?? "";
    }
    const bounds = this.#points.getBounds();
    if (isFirst && bounds.isValid()) this.#map.fitBounds(bounds, { padding: PADDING, maxZoom: CLOSE });
  }

  async #fetched() {
    const answer = await fetch(this.getAttribute("src") ?? "").catch(() => null);
    if (!answer?.ok) return;
    for (const feature of (await answer.json()).features) {
      const { kind, ring } = feature.properties;
      if (kind === "place") {
        const [longitude, latitude] = feature.geometry.coordinates;
        L.circleMarker([latitude, longitude], { className: "drawn drawn-place", radius: 4, interactive: false }).addTo(this.#drawn);
        continue;
      }
      const layer = L.geoJSON(feature, { interactive: false, style: { className: `drawn drawn-${kind}`, weight: kind === "ring" ? 2 : 1, fillOpacity: 0 } });
      layer.addTo(kind === "boundary" ? this.#map : this.#drawn);
      if (kind === "boundary") this.#drawn.on("remove", () => layer.remove());
      if (kind === "ring") this.#ring(String(ring), layer);
    }
  }

  /** @param {HTMLTableRowElement} row an alert of the overview: a circle, and its number */
  #circle(row) {
    const { longitude, latitude, radius, ring } = row.dataset;
    const layer = L.circle([Number(latitude), Number(longitude)], { radius: Number(radius) * 1000, className: `drawn drawn-alert status-${row.dataset.status}`, interactive: false });
    layer.addTo(this.#drawn);
    this.#ring(ring ?? "", layer);
  }

  /**
   * @param {string} name
   * @param {any} layer
   */
  #ring(name, layer) {
    const bounds = layer.getBounds();
    const label = L.marker([bounds.getNorth(), bounds.getCenter().lng], { interactive: false, keyboard: false, icon: L.divIcon({ className: "map-label", html: "", iconSize: null }) });
    label.addTo(this.#drawn);
    this.#rings.set(name, { layer, label });
  }

  /** @param {HTMLTableRowElement} row */
  #fill(row) {
    const found = this.#rings.get(row.dataset.ring ?? "");
    if (found === undefined) return;
    const share = Number(row.dataset.share ?? "0");
    found.layer.setStyle({ fillOpacity: FAINT + ((FULL - FAINT) * share) / 100, dashArray: row.dataset.held === undefined && (share > 0 || !this.getAttribute("src")) ? null : "6 6" });
    /** @type {Element[]} */
    const paths = found.layer.getElement ? [found.layer.getElement()] : found.layer.getLayers().map((/** @type {any} */ one) => one.getElement());
    for (const path of paths) {
      path?.setAttribute("data-ring", row.dataset.ring ?? "");
      path?.setAttribute("data-share", String(share));
    }
    const element = /** @type {HTMLElement | undefined} */ (found.label.getElement());
    if (element !== undefined) element.textContent = row.dataset.label ?? "";
  }

  /** Takes what changed in the table. */
  look() {
    this.querySelectorAll("tr[data-shape]").forEach((row) => this.#fill(/** @type {HTMLTableRowElement} */ (row)));
  }
}

customElements.define("area-map", AreaMap);

/** @param {any} progress what the feed says of an alert: how far each ring is, over all lanes */
function show(progress) {
  for (const map of /** @type {NodeListOf<AreaMap>} */ (document.querySelectorAll(`area-map[data-of="${progress.alert}"]`))) {
    for (const row of /** @type {NodeListOf<HTMLTableRowElement>} */ (map.querySelectorAll("tr[data-shape]"))) {
      let units = 0;
      let done = 0;
      let accepted = 0;
      let few = false;
      for (const lane of Object.values(progress.lanes)) {
        const cell = lane.rings[row.dataset.ring ?? ""];
        if (cell === undefined) continue;
        units += cell.units;
        done += cell.units_done;
        accepted += cell.accepted ?? 0;
        few ||= cell.accepted === null;
      }
      const share = units === 0 ? 0 : Math.floor((100 * done) / units);
      row.dataset.share = String(share);
      row.dataset.label = `${row.dataset.name} · ${share} %`;
      put(row, "share", `${share} %`);
      put(row, "accepted", `${few ? "≥ " : ""}${accepted.toLocaleString("en-US")}`);
    }
    map.look();
  }
}

/**
 * @param {Element} row
 * @param {string} figure
 * @param {string} text
 */
function put(row, figure, text) {
  const place = row.querySelector(`[data-figure="${figure}"]`);
  if (place !== null && place.textContent !== text) place.textContent = text;
}

onFigures(show);
