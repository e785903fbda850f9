// @ts-check
/** `j` and `k` move through the rows of a list, and do nothing else; `Enter` opens what is focused, as everywhere. */
import { isForPage } from "console/acting/keys";

document.addEventListener("keydown", (event) => {
  if (!isForPage(event) || (event.key !== "j" && event.key !== "k")) return;
  const rows = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-move]")]);
  if (rows.length === 0) return;
  const at = rows.findIndex((row) => row === document.activeElement);
  const wanted = at === -1 ? (event.key === "j" ? 0 : rows.length - 1) : at + (event.key === "j" ? 1 : -1);
  rows[Math.min(Math.max(wanted, 0), rows.length - 1)]?.focus();
});
