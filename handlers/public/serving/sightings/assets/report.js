// @ts-check
// The form of a report, better: the location by a button, photos that are resumed after a lost connection, and a proof
// of work that puts the report before a flood. Without any of it the form works all the same.
// Bounded: RETRIES of a photo with up to RETRY_MS_MAX between them; the proof within PROOF_MS.

const RETRIES = 8;
const RETRY_MS = 500;
const RETRY_MS_MAX = 15000;
const PIECE_BYTES = 2 * 1024 * 1024;
const PROOF_MS = 20000;
const LOCATION_MS = 15000;

/** @typedef {{number: number, file: File, upload: string, done: Promise<boolean>}} Photo */

/** @param {string} text @param {Record<string, string | number>} values */
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Says how far an upload is stored; -1 where it does not answer, -2 where there is none.
 * @param {string} url
 */
async function offsetOf(url) {
  try {
    const answer = await fetch(url, { method: "HEAD" });
    return answer.ok ? Number(answer.headers.get("Upload-Offset")) : answer.status === 404 ? -2 : -1;
  } catch {
    return -1;
  }
}

/**
 * Sends one piece; returns up to where the photo is stored then, or -1.
 * @param {string} url @param {Blob} piece @param {number} start @param {(sent: number) => void} progress
 * @returns {Promise<number>}
 */
function sendPiece(url, piece, start, progress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("PATCH", url);
    request.setRequestHeader("Upload-Offset", String(start));
    request.upload.addEventListener("progress", (event) => progress(start + event.loaded));
    request.addEventListener("load", () => {
      const at = request.getResponseHeader("Upload-Offset");
      resolve(request.status === 204 && at !== null ? Number(at) : -1);
    });
    for (const end of ["error", "abort", "timeout"]) request.addEventListener(end, () => resolve(-1));
    request.send(piece);
  });
}

/** @param {HTMLFormElement} form */
function improve(form) {
  const texts = form.dataset;
  /** @type {Photo[]} */
  const photos = [];
  const status = /** @type {HTMLElement} */ (form.querySelector("[data-progress]"));
  const kept = /** @type {HTMLElement} */ (form.querySelector("[data-kept]"));
  const picker = /** @type {HTMLInputElement} */ (form.querySelector("input[type=file]"));
  const submit = /** @type {HTMLButtonElement} */ (form.querySelector("button[type=submit]"));
  /** @param {string} name */
  const field = (name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));

  /** @param {Photo} photo @returns {Promise<boolean>} */
  async function send(photo) {
    const { file, number } = photo;
    let failures = 0;
    let at = 0;
    while (failures <= RETRIES) {
      if (failures > 0) {
        status.textContent = filled(texts.photoWaiting ?? "", { number });
        await pause(Math.min(RETRY_MS * 2 ** failures, RETRY_MS_MAX) * (0.5 + Math.random() / 2));
      }
      if (!photo.upload) {
        try {
          const answer = await fetch(texts.photos ?? "", {
            method: "POST",
            headers: { "Upload-Length": String(file.size), Accept: "application/json" },
          });
          if (answer.status >= 400 && answer.status < 500) return false;
          if (!answer.ok) throw new Error("not now");
          photo.upload = (await answer.json()).upload;
        } catch {
          failures += 1;
          continue;
        }
      }
      const url = `${texts.photos}/${photo.upload}`;
      if (failures > 0) {
        const stored = await offsetOf(url);
        if (stored === -2) photo.upload = "";
        if (stored < 0) {
          failures += 1;
          continue;
        }
        if (stored > at) failures = 0;
        at = stored;
      }
      while (at < file.size) {
        const next = await sendPiece(url, file.slice(at, at + PIECE_BYTES), at, (sent) => {
          const percent = Math.min(99, Math.floor((100 * sent) / file.size));
          status.textContent = filled(texts.photoSending ?? "", { number, percent });
        });
        if (next <= at) break;
        at = next;
        failures = 0;
      }
      if (at >= file.size) {
        status.textContent = filled(texts.photoKept ?? "", { number });
        return true;
      }
      failures += 1;
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
    Promise.all([proof, ...photos.map((photo) => photo.done)]).then(([found]) => {
      field("proof").value = String(found);
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
  });
}

for (const form of document.querySelectorAll("form[data-report]")) {
  improve(/** @type {HTMLFormElement} */ (form));
}
