// @ts-check
/** The start of a shift: plays what there is to hear, and compares this browser's clock with the server's. */
import "console/screens/page";
import { play, wake } from "console/attention/sound";

const SAME_MS = 1000;

for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-play]"))) {
  button.addEventListener("click", async () => {
    if (!(await wake())) return;
    for (const name of (button.dataset.play ?? "").split(" ")) {
      const lasts = play(name);
      document.documentElement.dataset.played = name;
      await new Promise((resolve) => setTimeout(resolve, lasts * 1000 + 300));
    }
  });
}

async function compare() {
  const place = /** @type {HTMLElement | null} */ (document.querySelector("[data-clock-difference]"));
  if (place === null) return;
  const asked = Date.now();
  const answer = await fetch("/console/attention").catch(() => null);
  if (answer?.ok !== true) return;
  const { now } = await answer.json();
  const ahead = (asked + Date.now()) / 2 - Date.parse(now);
  const text = Math.abs(ahead) < SAME_MS ? place.dataset.same : ahead > 0 ? place.dataset.ahead : place.dataset.behind;
  place.textContent = (text ?? "").replace("{seconds}", (Math.abs(ahead) / 1000).toFixed(1));
  place.classList.toggle("bad", Math.abs(ahead) >= SAME_MS);
}

void compare();
