// @ts-check
/**
 * What stops an alert: pause at one key, nothing that cannot be taken back at one. A button that was pressed waits until
 * the feed says that it is done; without a connection, buttons say that what they show is not of now.
 */
import { hear } from "console/live/feed";

const STATE_AFTER = /** @type {Record<string, string[]>} */ ({ pause: ["paused"], resume: ["sending", "sent"] });

class StopBar extends HTMLElement {
  connectedCallback() {
    this.addEventListener("submit", (event) => void this.#send(event));
    const link = () => this.#offline(document.documentElement.dataset.link === "lost");
    document.documentElement.addEventListener("link", link);
    link();
  }

  /** @param {boolean} offline */
  #offline(offline) {
    for (const button of this.querySelectorAll("button, a.button")) {
      button.toggleAttribute("data-offline", offline);
      if (offline) button.setAttribute("title", this.dataset.offline ?? "");
      else button.removeAttribute("title");
    }
  }

  /** @param {SubmitEvent} event */
  async #send(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const button = /** @type {HTMLButtonElement} */ (form.querySelector("button"));
    const alert = this.closest("[data-alert]")?.getAttribute("data-alert");
    const label = button.innerHTML;
    button.disabled = true;
    button.textContent = this.dataset.waits ?? "";
    const body = new URLSearchParams(/** @type {any} */ (new FormData(form)));
    const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => null);
    if (answer !== null && answer.type !== "opaqueredirect" && !answer.ok) {
      // The page that says why is the answer to the same form without us.
      form.submit();
      return;
    }
    if (answer === null) {
      button.disabled = false;
      button.innerHTML = label;
      return;
    }
    hear("alert", (message) => {
      if (message.alert === alert && STATE_AFTER[form.dataset.action ?? ""]?.includes(message.state)) {
        this.dispatchEvent(new CustomEvent("confirmed", { bubbles: true }));
      }
    });
  }
}

customElements.define("stop-bar", StopBar);
