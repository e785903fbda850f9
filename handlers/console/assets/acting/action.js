// @ts-check
/** A form of an action: its button waits until the case number stands there as it must be. */
import "console/screens/page";
import "console/acting/trial";
import "console/acting/passkey";

for (const field of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("[data-must-be]"))) {
  const button = /** @type {HTMLButtonElement | null | undefined} */ (field.form?.querySelector("button:not([formaction])"));
  const look = () => {
    if (button) button.disabled = field.value.trim() !== field.dataset.mustBe;
  };
  field.addEventListener("input", look);
  look();
}
