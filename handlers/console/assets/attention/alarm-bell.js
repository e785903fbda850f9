// @ts-check
/**
 * Says what calls for attention: in the title, in the tab's icon, as counts in the header, and by sounds until somebody
 * has taken every alarm by name. `data-sounding` says what sounds now; where the browser keeps silent, a banner says so.
 */
import { hear } from "console/live/feed";
import { Refreshing } from "console/live/refreshing";
import { canSound, onChange, play, wake } from "console/attention/sound";

const APART_MS = 300;
const PAUSE_MS = 1200;

class AlarmBell extends HTMLElement {
  /** @type {string[]} */
  #sounds = [];
  #next = 0;
  #playing = false;
  #refreshing = new Refreshing(() => "/console/attention", APART_MS, (answer) => this.#take(answer));

  connectedCallback() {
    this.#sounds = (this.dataset.sounds ?? "").split(" ").filter(Boolean);
    for (const type of ["alarm", "acknowledgement", "alert", "sightings", "snapshot"]) hear(type, () => this.#refreshing.ask());
    this.querySelector("button")?.addEventListener("click", () => void this.#sound());
    // Any gesture will do: the browser asks for no particular one.
    for (const gesture of ["pointerup", "keydown"]) {
      document.addEventListener(gesture, () => { if ("muted" in this.dataset) void this.#sound(); });
    }
    onChange(() => void this.#sound());
    void this.#sound();
  }

  /** @param {Response} answer */
  async #take(answer) {
    const { alarms, waiting, sightings, sounds } = await answer.json();
    this.#sounds = sounds;
    this.#show(alarms, waiting, sightings);
    void this.#sound();
  }

  /**
   * @param {number} alarms
   * @param {number} waiting
   * @param {number} sightings
   */
  #show(alarms, waiting, sightings) {
    for (const [name, number] of [["alarms", alarms], ["queue", waiting], ["sightings", sightings]]) {
      const count = document.querySelector(`[data-count="${name}"]`);
      if (count !== null) count.textContent = number ? String(number) : "";
    }
    const title = alarms || waiting ? (this.dataset.title ?? "").replace("{alarms}", String(alarms)).replace("{waiting}", String(waiting)) : "";
    document.title = title + document.title.replace(/^\[.*?\] ?/, "");
    const icon = /** @type {HTMLLinkElement | null} */ (document.querySelector("link[rel=icon]"));
    const wanted = (alarms ? this.dataset.iconAlarm : waiting ? this.dataset.iconWaiting : this.dataset.icon) ?? "";
    if (icon !== null && icon.getAttribute("href") !== wanted) icon.setAttribute("href", wanted);
  }

  async #sound() {
    if (this.#playing) return;
    this.#playing = true;
    while (this.#sounds.length > 0 && this.isConnected) {
      const may = canSound() || (await wake());
      this.#mute(!may);
      if (!may) break;
      const name = this.#sounds[this.#next++ % this.#sounds.length] ?? "";
      const lasts = play(name);
      this.dataset.sounding = this.#sounds.join(" ");
      await new Promise((resolve) => setTimeout(resolve, lasts * 1000 + PAUSE_MS));
    }
    if (this.#sounds.length === 0) this.#mute(false);
    delete this.dataset.sounding;
    this.#playing = false;
  }

  /** @param {boolean} muted */
  #mute(muted) {
    this.toggleAttribute("data-muted", muted);
    const banner = /** @type {HTMLElement | null} */ (this.querySelector(".muted"));
    if (banner !== null) banner.hidden = !muted;
  }
}

customElements.define("alarm-bell", AlarmBell);
