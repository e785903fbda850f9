// @ts-check
/** A slider beside the radius, and whom it would reach as soon as it rests; without us a button asks the same. */
import "console/acting/action";

const RESTS_MS = 400;
const field = /** @type {HTMLInputElement | null} */ (document.querySelector("#radius_km"));
const slider = /** @type {HTMLInputElement | null} */ (document.querySelector("#radius_slider"));
const shown = /** @type {HTMLElement | null} */ (document.querySelector("[data-estimate-shown]"));
/** @type {number | undefined} */
let due;
let asked = 0;

if (field !== null && slider !== null && shown !== null) {
  /** @type {HTMLElement | null} */ (slider.closest("[hidden]"))?.removeAttribute("hidden");
  slider.addEventListener("input", () => { field.value = slider.value; say(); });
  field.addEventListener("input", () => { slider.value = field.value; say(); });
  document.querySelector("#city")?.addEventListener("change", say);
  if (field.value === "") field.value = slider.value;
  else slider.value = field.value;
}

function say() {
  if (shown === null) return;
  shown.dataset.pending = "";
  clearTimeout(due);
  due = window.setTimeout(() => void estimate(), RESTS_MS);
}

async function estimate() {
  const form = field?.form;
  if (!form || !shown || !field?.checkValidity()) return;
  const mine = ++asked;
  const body = new URLSearchParams({ radius_km: field.value });
  const answer = await fetch(shown.dataset.estimateShown ?? "", { method: "POST", body }).catch(() => null);
  if (mine !== asked || answer === null) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const told = page.querySelector("[data-estimate-shown]");
  if (told !== null) shown.replaceChildren(...told.childNodes);
  delete shown.dataset.pending;
}
