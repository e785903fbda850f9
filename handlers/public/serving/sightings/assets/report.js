// @ts-check
// The form of a report, better: the location by a button, photos that are resumed after a lost connection, and a proof
// of work that puts the report before a flood. Without any of it the form works all the same.
// Bounded: RETRIES of a photo with up to RETRY_MS_MAX between them; the proof within PROOF_MS. Once the report is to be
// sent, a photo that the server does not take just now is left out, and the page says so: words wait for no refusal.

const RETRIES = 8;
const RETRY_MS = 500;
const RETRY_MS_MAX = 15000;
const PIECE_BYTES = 2 * 1024 * 1024;
const PROOF_MS = 20000;
const LOCATION_MS = 15000;

/** @typedef {{number: number, file: File, upload: string, done: Promise<boolean>}} Photo */

/** @param {string} text @param {Record<string, string | number>} values */
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));

/**
 * Waits; not after a signal.
 * @param {number} ms @param {AbortSignal} [signal] @returns {Promise<void>}
 */
function pause(ms, signal) {
  return new Promise((resolve) => {
    if (signal?.aborted) resolve();
    signal?.addEventListener("abort", () => resolve(), { once: true });
    setTimeout(resolve, ms);
  });
}

// What a request came to: done, refused for now, refused for good, or lost on its way, as what the connection does to it.
const DONE = "done";
const LATER = "later";
const NEVER = "never";
const LOST = "lost";

/** @param {number} status */
function judged(status) {
  if (status >= 200 && status < 300) return DONE;
  // Too slow; or the piece before is still on its way into the store.
  if (status === 408 || status === 409) return LOST;
  // 507: no room for photos. 429: too many at this moment.
  return status === 507 || (status >= 400 && status < 500 && status !== 429) ? NEVER : LATER;
}

/**
 * Begins an upload; its id, where that is done.
 * @param {string} url @param {number} size @returns {Promise<[string, string]>}
 */
async function begin(url, size) {
  try {
    const headers = { "Upload-Length": String(size), Accept: "application/json" };
    const answer = await fetch(url, { method: "POST", headers });
    const came = judged(answer.status);
    return [came, came === DONE ? String((await answer.json()).upload) : ""];
  } catch {
    return [LOST, ""];
  }
}

/**
 * Says how far an upload is stored.
 * @param {string} url @returns {Promise<[string, number]>}
 */
async function offsetOf(url) {
  try {
    const answer = await fetch(url, { method: "HEAD" });
    return [judged(answer.status), Number(answer.headers.get("Upload-Offset"))];
  } catch {
    return [LOST, 0];
  }
}

/**
 * Sends one piece, and says up to where the photo is stored then.
 * @param {string} url @param {Blob} piece @param {number} start @param {(sent: number) => void} progress
 * @returns {Promise<[string, number]>}
 */
function sendPiece(url, piece, start, progress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("PATCH", url);
    request.setRequestHeader("Upload-Offset", String(start));
    request.upload.addEventListener("progress", (event) => progress(start + event.loaded));
    request.addEventListener("load", () => {
      resolve([judged(request.status), Number(request.getResponseHeader("Upload-Offset"))]);
    });
    for (const end of ["error", "abort", "timeout"]) request.addEventListener(end, () => resolve([LOST, start]));
    request.send(piece);
  });
}

/** @param {HTMLFormElement} form */
function improve(form) {
  const texts = form.dataset;
  /** @type {Photo[]} */
  const photos = [];
  let hurry = new AbortController();
  const status = /** @type {HTMLElement} */ (form.querySelector("[data-progress]"));
  const kept = /** @type {HTMLElement} */ (form.querySelector("[data-kept]"));
  const picker = /** @type {HTMLInputElement} */ (form.querySelector("input[type=file]"));
  const submit = /** @type {HTMLButtonElement} */ (form.querySelector("button[type=submit]"));
  /** @param {string} name */
  const field = (name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));

  /**
   * Sends what is still to come of a photo, until it is all there or something goes wrong.
   * @param {Photo} photo @param {number} failures @param {number} from
   * @returns {Promise<[string, number]>}
   */
  async function sendRest(photo, failures, from) {
    const { file, number } = photo;
    if (!photo.upload) {
      const [came, upload] = await begin(texts.photos ?? "", file.size);
      if (came !== DONE) return [came, 0];
      photo.upload = upload;
    }
    const url = `${texts.photos}/${photo.upload}`;
    let at = from;
    if (failures > 0) {
      const [came, stored] = await offsetOf(url);
      if (came === NEVER) {
        // It is gone: another one is begun.
        photo.upload = "";
        return [LATER, 0];
      }
      if (came !== DONE) return [came, at];
      at = stored;
    }
    while (at < file.size) {
      const [came, stored] = await sendPiece(url, file.slice(at, at + PIECE_BYTES), at, (sent) => {
        const percent = Math.min(99, Math.floor((100 * sent) / file.size));
        status.textContent = filled(texts.photoSending ?? "", { number, percent });
      });
      if (came !== DONE) return [came, at];
      if (stored <= at) return [LATER, at];
      at = stored;
    }
    return [DONE, at];
  }

  /** @param {Photo} photo @returns {Promise<boolean>} */
  async function send(photo) {
    const { number } = photo;
    let failures = 0;
    let at = 0;
    while (failures <= RETRIES) {
      const [came, stored] = await sendRest(photo, failures, at);
      if (came === DONE) {
        status.textContent = filled(texts.photoKept ?? "", { number });
        return true;
      }
      if (came === NEVER) break;
      failures = stored > at ? 1 : failures + 1;
      at = stored;
      if (failures > RETRIES) break;
      status.textContent = filled((came === LOST ? texts.photoWaiting : texts.photoBusy) ?? "", { number });
      const ms = Math.min(RETRY_MS * 2 ** failures, RETRY_MS_MAX) * (0.5 + Math.random() / 2);
      // Without a connection the words do not go either.
      await pause(ms, came === LOST ? undefined : hurry.signal);
      if (came !== LOST && hurry.signal.aborted) break;
    }
    status.textContent = filled(texts.photoFailed ?? "", { number });
    return false;
  }

  picker.addEventListener("change", () => {
    const most = Number(texts.photosMax);
    for (const file of picker.files ?? []) {
      if (kept.querySelectorAll("input:checked").length >= most) {
        status.textContent = texts.tooMany ?? "";
        break;
      }
      if (file.size > Number(texts.bytesMax)) {
        status.textContent = texts.tooLarge ?? "";
        continue;
      }
      const number = kept.querySelectorAll("input").length + 1;
      const label = document.createElement("label");
      const box = document.createElement("input");
      box.type = "checkbox";
      box.checked = true;
      label.append(box, ` ${file.name}`);
      kept.append(label);
      /** @type {Photo} */
      const photo = { number, file, upload: "", done: Promise.resolve(false) };
      photo.done = send(photo).then((sent) => {
        if (sent) {
          box.name = "photo_id";
          box.value = photo.upload;
        } else {
          box.checked = false;
        }
        return sent;
      });
      photos.push(photo);
    }
    picker.value = "";
  });

  const locate = /** @type {HTMLButtonElement | null} */ (form.querySelector("[data-locate]"));
  const location = /** @type {HTMLElement} */ (form.querySelector("[data-location]"));
  if (locate && navigator.geolocation && window.isSecureContext) {
    locate.hidden = false;
    locate.addEventListener("click", () => {
      location.textContent = texts.locating ?? "";
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => {
          field("longitude").value = String(coords.longitude);
          field("latitude").value = String(coords.latitude);
          field("accuracy_m").value = String(Math.round(coords.accuracy));
          location.textContent = filled(texts.located ?? "", { metres: Math.round(coords.accuracy) });
        },
        () => {
          location.textContent = texts.notLocated ?? "";
        },
        { enableHighAccuracy: true, timeout: LOCATION_MS, maximumAge: 60000 },
      );
    });
  }

  const proof = new Promise((resolve) => {
    try {
      const worker = new Worker(texts.worker ?? "", { type: "module" });
      const give = (/** @type {string} */ text) => {
        worker.terminate();
        resolve(text);
      };
      worker.addEventListener("message", (event) => give(String(event.data)));
      worker.addEventListener("error", () => give(""));
      setTimeout(() => give(""), PROOF_MS);
      worker.postMessage(texts.code ?? "");
    } catch {
      resolve("");
    }
  });

  let ready = false;
  form.addEventListener("submit", (event) => {
    if (ready) return;
    event.preventDefault();
    submit.disabled = true;
    status.textContent = texts.sending ?? "";
    hurry.abort();
    Promise.all([proof, ...photos.map((photo) => photo.done)]).then(([found, ...sent]) => {
      field("proof").value = String(found);
      field("left_out").value = sent.includes(false) ? "1" : "";
      // While the browser still fires the first submit event it would ignore another one.
      setTimeout(() => {
        ready = true;
        submit.disabled = false;
        form.requestSubmit();
      }, 0);
    });
  });
  window.addEventListener("pageshow", () => {
    ready = false;
    submit.disabled = false;
    hurry = new AbortController();
  });
}

for (const form of document.querySelectorAll("form[data-report]")) {
  improve(/** @type {HTMLFormElement} */ (form));
}
