// @ts-check
/**
 * The live feed: one connection for a page, by WebSocket, or by asking again where that is refused.
 * Says on the page how it stands; after LOST_MS of silence nothing that is shown counts as of now.
 */
import { ended } from "console/live/session";

export const LOST_MS = 3000;
const POLL_MS = 2000;
const RETRY_MS = [500, 1000, 2000, 4000, 8000];
const TAKEN_MS = 15_000;
const ASK_MS = 5000;
const SILENT_MS = 8000;
const TOO_MANY = 4008;

/** @typedef {{type: string, seq?: number, [name: string]: any}} FeedMessage */
/** @type {Map<string, Set<(message: FeedMessage) => void>>} */
const listeners = new Map();
let heardAt = performance.now();
let heard = false;
let refusals = 0;
let misses = 0;
let polling = false;
/** @type {number | undefined} */
let after;

/**
 * Calls `listener` with every message of a type.
 * @param {string} type
 * @param {(message: FeedMessage) => void} listener
 */
export function hear(type, listener) {
  const known = listeners.get(type) ?? new Set();
  known.add(listener);
  listeners.set(type, known);
}

/** How old what the page shows may be, milliseconds. */
export function age() {
  return performance.now() - heardAt;
}

/** Whether what the page shows is of now. */
export function isLive() {
  return age() < LOST_MS;
}

/** @param {FeedMessage} message */
function tell(message) {
  heardAt = performance.now();
  heard = true;
  if (message.seq !== undefined) after = message.seq;
  for (const listener of listeners.get(message.type) ?? []) listener(message);
}

/**
 * Asks the server within a time: one that does not answer must not hold up the next try.
 * @param {string} path
 * @param {string} method
 */
function ask(path, method) {
  return fetch(path, { method, signal: AbortSignal.timeout(ASK_MS) }).catch(() => null);
}

async function connect() {
  const answer = await ask("/console/feed-ticket", "POST");
  misses = answer?.ok ? 0 : misses + 1;
  if (answer?.status === 401) return void (ended() || again());
  if (!answer?.ok) return again();
  const { ticket } = await answer.json();
  const address = new URL("/v1/feed", window.location.href);
  address.protocol = address.protocol.replace("http", "ws");
  address.searchParams.set("ticket", ticket);
  address.searchParams.set("beat", "1");
  if (after !== undefined) address.searchParams.set("after", String(after));
  const socket = new WebSocket(address);
  let opened = false;
  let over = false;
  /** @param {boolean} isTaken */
  const end = (isTaken) => {
    if (over) return;
    over = true;
    clearInterval(watch);
    socket.close();
    refusals = opened ? refusals : refusals + 1;
    // Closed because somebody holds too many feeds: pages that took it from each other in turn would all stand still.
    again(isTaken);
  };
  const begun = performance.now();
  // A connection that was cut without a word never says that it is closed.
  const watch = setInterval(() => { if (Math.min(age(), performance.now() - begun) > SILENT_MS) end(false); }, SILENT_MS / 4);
  socket.addEventListener("open", () => { opened = true; refusals = 0; polling = false; show(); });
  socket.addEventListener("message", (event) => { if (!over) tell(JSON.parse(event.data)); });
  socket.addEventListener("close", (event) => end(event.code === TOO_MANY));
}

/** Asks again by HTTP where a WebSocket was refused, and tries that again less and less often. */
function again(isTaken = false) {
  show();
  if ((refusals > 0 || isTaken) && !polling) {
    polling = true;
    void poll();
  }
  setTimeout(connect, isTaken ? TAKEN_MS : (RETRY_MS[Math.min(refusals + misses, RETRY_MS.length - 1)] ?? TAKEN_MS));
}

async function poll() {
  while (polling) {
    const answer = await ask("/console/live", "GET");
    if (answer?.status === 401) ended();
    if (answer?.ok) tell({ type: "snapshot", ...(await answer.json()) });
    show();
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function show() {
  if (!heard && isLive()) return;
  const state = !isLive() ? "lost" : polling ? "polling" : "live";
  const root = document.documentElement;
  const status = /** @type {HTMLElement | null} */ (document.querySelector("[data-link-status]"));
  if (status === null) return;
  const text = (status.dataset[state] ?? "").replace("{age}", String(Math.round(age() / 1000))).replace("{seconds}", String(POLL_MS / 1000));
  if (root.dataset.link !== state) {
    root.dataset.link = state;
    root.dispatchEvent(new CustomEvent("link", { detail: state, bubbles: true }));
  }
  if (status.textContent !== text) status.textContent = text;
}

/** Begins; once for a page. */
export function begin() {
  setInterval(show, 500);
  void connect();
}
