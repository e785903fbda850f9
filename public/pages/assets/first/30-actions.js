// @ts-check
// Shares the page's address.

const share = document.getElementById("share");
share?.addEventListener("click", async (event) => {
  event.preventDefault();
  const url = share.getAttribute("href") ?? "";
  // The address alone: with a text beside it some apps drop the card.
  if (navigator.share) await navigator.share({ url }).then(() => count("share"), () => undefined);
  else {
    try {
      await navigator.clipboard.writeText(url);
      share.textContent = share.dataset.copied ?? "";
      count("copy");
    } catch {
      byHand(share, url);
    }
  }
});

/**
 * Show the address in a field, selected, where no script may copy it.
 * @param {HTMLElement} beside
 * @param {string} url
 */
function byHand(beside, url) {
  const known = document.getElementById("address");
  const field = known instanceof HTMLInputElement ? known : document.createElement("input");
  field.id = "address";
  field.readOnly = true;
  field.value = url;
  field.setAttribute("aria-label", beside.dataset.byHand ?? "");
  if (!known) beside.after(field);
  field.focus();
  field.select();
}
