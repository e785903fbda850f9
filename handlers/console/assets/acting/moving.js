// @ts-check
/** `j` and `k` move through the rows of a list, and do nothing else; `Enter` opens what is focused, as everywhere. */

document.addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.ctrlKey || event.metaKey || event.altKey || target.matches("input, textarea, select, [contenteditable]")) return;
  if (event.key !== "j" && event.key !== "k") return;
  const rows = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-move]")]);
  if (rows.length === 0) return;
  const at = rows.findIndex((row) => row === document.activeElement);
  const wanted = at === -1 ? (event.key === "j" ? 0 : rows.length - 1) : at + (event.key === "j" ? 1 : -1);
  rows[Math.min(Math.max(wanted, 0), rows.length - 1)]?.focus();
});
