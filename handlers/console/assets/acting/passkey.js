// @ts-check
/**
 * Passkeys: has a form signed before it is sent, and makes new ones. A form with `data-passkey` names the action that is
 * signed, `data-options` where the server says what is to be signed.
 */

/** So long the server is waited for: with a dead connection the button would stay locked for minutes. */
const ANSWER_MS = 10_000;

/** @param {string} text base64url */
function bytes(text) {
  return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
}

/** @param {ArrayBuffer | null} buffer */
function text(buffer) {
  if (buffer === null) return undefined;
  const binary = Array.from(new Uint8Array(buffer), (one) => String.fromCharCode(one)).join("");
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** @param {any} options as the server wrote them */
function decoded(options) {
  const known = (/** @type {any[]} */ list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
  const user = options.user === undefined ? {} : { user: { ...options.user, id: bytes(options.user.id) } };
  const lists = options.user === undefined
    ? { allowCredentials: known(options.allowCredentials) }
    : { excludeCredentials: known(options.excludeCredentials) };
  return { ...options, ...user, ...lists, challenge: bytes(options.challenge) };
}

/** @param {any} credential what the browser made or signed */
function encoded(credential) {
  const { response } = credential;
  const parts = {
    clientDataJSON: text(response.clientDataJSON),
    ...(response.attestationObject === undefined
      ? { authenticatorData: text(response.authenticatorData), signature: text(response.signature), userHandle: text(response.userHandle) }
      : { attestationObject: text(response.attestationObject), transports: response.getTransports?.() ?? [] }),
  };
  return JSON.stringify({
    id: credential.id, rawId: text(credential.rawId), type: credential.type, response: parts,
    clientExtensionResults: credential.getClientExtensionResults(),
  });
}

/** @param {HTMLFormElement} form */
async function signed(form) {
  const body = new URLSearchParams(/** @type {any} */ (new FormData(form)));
  body.set("action", form.dataset.passkey ?? "");
  const answer = await fetch(form.dataset.options ?? "", { method: "POST", body, signal: AbortSignal.timeout(ANSWER_MS) }).catch(() => null);
  const options = answer?.ok ? await answer.json() : null;
  if (options === null) return "";
  const publicKey = decoded(options);
  const made = form.dataset.passkey === "register"
    ? await navigator.credentials.create({ publicKey }).catch(() => null)
    : await navigator.credentials.get({ publicKey }).catch(() => null);
  return made === null ? "" : encoded(made);
}

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-passkey]"))) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const field = /** @type {HTMLInputElement} */ (form.querySelector("input[name=passkey]"));
    const button = form.querySelector("button");
    if (button) button.disabled = true;
    field.value = await signed(form);
    // What was not signed is sent as well: the server's page says what is missing, and keeps what was typed.
    form.submit();
  });
}

for (const place of document.querySelectorAll("[data-without-script]")) place.remove();
