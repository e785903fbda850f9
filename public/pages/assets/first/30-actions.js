// @ts-check
// Shares the page's address, and loads what a reader needs only when it is needed.

/** @type {Record<string, string>} */
const later = JSON.parse(root.dataset.modules ?? "{}");

/**
 * Load a module that not every reader needs; nothing where there is none of that name.
 * @param {string} name
 */
async function load(name) {
  const address = later[name];
  if (address) await import(address);
}

const share = document.getElementById("share");
share?.addEventListener("click", async (event) => {
  event.preventDefault();
  const url = share.getAttribute("href") ?? "";
  // The address alone: with a text beside it some apps drop the card.
  if (navigator.share) await navigator.share({ url }).then(() => count("share"), () => undefined);
  else await navigator.clipboard?.writeText(url).then(() => { share.textContent = share.dataset.copied ?? ""; count("copy"); });
});
