// @ts-check
/** A part of a page that the server writes again when something of its kind changes; at most once in `every` ms. */
import { hear } from "console/feed";

const EVERY_MS = 1000;

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
    const focused = this.contains(document.activeElement) ? document.activeElement?.getAttribute("href") : null;
    this.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
    if (focused) /** @type {HTMLElement | null} */ (this.querySelector(`[href="${CSS.escape(focused)}"]`))?.focus();
    this.dispatchEvent(new CustomEvent("refreshed", { bubbles: true }));
  }
}

customElements.define("live-region", LiveRegion);
