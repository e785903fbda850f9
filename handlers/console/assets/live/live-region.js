// @ts-check
/**
 * A part of a page that the server writes again when something of its kind changes; at most once in `every` ms.
 * `again`: besides every so many ms, where no message says that it changed.
 */
import { hear } from "console/live/feed";
import { Refreshing } from "console/live/refreshing";

const EVERY_MS = 1000;
const FOCUSABLE = "a[href], button, summary, [tabindex='0']";

class LiveRegion extends HTMLElement {
  #refreshing = new Refreshing(() => this.getAttribute("src") ?? "", Number(this.getAttribute("every") ?? EVERY_MS), (answer) => this.#take(answer));
  #isHeld = false;

  connectedCallback() {
    const only = this.getAttribute("only");
    for (const type of (this.getAttribute("on") ?? "alert").split(" ")) {
      hear(type, (message) => { if (only === null || message.alert === only) this.refresh(); });
    }
    hear("snapshot", () => this.refresh());
    // What no message of the feed says is asked for again, while somebody may look at it.
    const again = Number(this.getAttribute("again") ?? 0);
    if (again > 0) setInterval(() => { if (!document.hidden) this.refresh(); }, again);
    this.addEventListener("focusout", () => { if (this.#isHeld) this.refresh(); });
  }

  refresh() {
    this.#refreshing.ask();
  }

  /** @param {Response} answer */
  async #take(answer) {
    const html = await answer.text();
    // Who types, or has chosen something in it, is not disturbed until they leave the field.
    this.#isHeld = this.contains(document.activeElement) && Boolean(document.activeElement?.matches("input, textarea, select"));
    if (this.#isHeld) return;
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
