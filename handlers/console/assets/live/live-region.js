// @ts-check
/** A part of a page that the server writes again when something of its kind changes; at most once in `every` ms. */
import { hear } from "console/live/feed";

const EVERY_MS = 1000;
const FOCUSABLE = "a[href], button, summary, [tabindex='0']";

class LiveRegion extends HTMLElement {
  /** @type {number | undefined} */
  #due;

  connectedCallback() {
    const only = this.getAttribute("only");
    for (const type of (this.getAttribute("on") ?? "alert").split(" ")) {
      hear(type, (message) => { if (only === null || message.alert === only) this.refresh(); });
    }
    hear("snapshot", () => this.refresh());
  }

  refresh() {
    this.#due ??= window.setTimeout(() => { this.#due = undefined; void this.#load(); }, Number(this.getAttribute("every") ?? EVERY_MS));
  }

  async #load() {
    const answer = await fetch(this.getAttribute("src") ?? "").catch(() => null);
    if (!answer?.ok) return;
    const html = await answer.text();
    // Who types, or has chosen something in it, is not disturbed.
    if (this.contains(document.activeElement) && document.activeElement?.matches("input, textarea, select")) return;
    const before = this.contains(document.activeElement) ? document.activeElement : null;
    const place = before === null ? -1 : [...this.querySelectorAll(FOCUSABLE)].indexOf(before);
    this.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
    this.#focusAgain(before, place);
    this.dispatchEvent(new CustomEvent("refreshed", { bubbles: true }));
  }

  /**
   * Puts the focus on what was focused before: the same link, else what stands in its place.
   * @param {Element | null} before
   * @param {number} place
   */
  #focusAgain(before, place) {
    if (before === null) return;
    const href = before.getAttribute("href");
    const link = href ? this.querySelector(`[href="${CSS.escape(href)}"]`) : null;
    const all = this.querySelectorAll(FOCUSABLE);
    const found = /** @type {HTMLElement | undefined} */ (link ?? all[place] ?? all[all.length - 1]);
    found?.focus({ preventScroll: true });
  }
}

customElements.define("live-region", LiveRegion);
