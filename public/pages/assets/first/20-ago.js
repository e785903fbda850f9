// @ts-check
// Says how long ago something was, beside its time.

const AGO_EVERY_MS = 60_000;

/** Write how long ago each time was. */
function writeAgo() {
  const words = new Intl.RelativeTimeFormat(root.lang, { numeric: "always" });
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const minutes = Math.round((Date.now() - Date.parse(time.getAttribute("datetime") ?? "")) / 60_000);
    const said = minutes < 120 ? words.format(-minutes, "minute")
      : minutes < 48 * 60 ? words.format(-Math.round(minutes / 60), "hour")
      : words.format(-Math.round(minutes / 1440), "day");
    const ago = time.nextElementSibling;
    if (ago instanceof HTMLElement && minutes >= 0) ago.textContent = ` (${said})`;
  }
}

writeAgo();
window.setInterval(writeAgo, AGO_EVERY_MS);
