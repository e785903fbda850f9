// @ts-check
/**
 * What phones would show of other texts, while they are typed: the server answers the form's other button, which changes
 * nothing. Asked TYPED_MS after the last key, one question at a time.
 */

const TYPED_MS = 600;

for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("button[data-try]"))) {
  const form = button.form;
  const shown = form?.querySelector("[data-tried]");
  if (form && shown) tries(form, button, shown);
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLButtonElement} button
 * @param {Element} shown
 */
function tries(form, button, shown) {
  let asking = false;
  let again = false;
  /** @type {number | undefined} */
  let due;

  async function ask() {
    if (asking) { again = true; return; }
    asking = true;
    const body = new URLSearchParams(/** @type {any} */ (new FormData(form)));
    const answer = await fetch(button.formAction, { method: "POST", body }).catch(() => null);
    const html = answer === null ? "" : await answer.text().catch(() => "");
    const page = new DOMParser().parseFromString(html, "text/html");
    const found = page.querySelectorAll("main [data-tried], main .problem");
    if (found.length > 0) shown.replaceChildren(...[...found].flatMap((one) => one.matches("[data-tried]") ? [...one.childNodes] : [one]));
    asking = false;
    if (again) { again = false; void ask(); }
  }

  button.addEventListener("click", (event) => { event.preventDefault(); void ask(); });
  form.addEventListener("input", (event) => {
    const field = /** @type {HTMLElement} */ (event.target);
    // A reason and a typed number change nothing of what is shown.
    if (field.matches("#reason, #case_number")) return;
    clearTimeout(due);
    due = window.setTimeout(ask, TYPED_MS);
  });
}
