// @ts-check
/**
 * Asks the server for what has changed, so that the last change is never missed: one request at a time, because of two
 * the older answer may come last; what is heard meanwhile is asked for once more, and so is what got no answer.
 */

const RETRY_MS = 2000;
const ANSWER_MS = 15_000;
const TOO_MANY = 429;
const FAULT = 500;

export class Refreshing {
  /** @type {number | undefined} */
  #due;
  #asking = false;

  /**
   * @param {() => string} path where to ask
   * @param {number} apart milliseconds from what is heard to its request
   * @param {(answer: Response) => Promise<void>} take what shows an answer
   */
  constructor(path, apart, take) {
    this.path = path;
    this.apart = apart;
    this.take = take;
  }

  /** Asks a while from now, once for all that is heard until then. */
  ask(after = this.apart) {
    this.#due ??= window.setTimeout(() => {
      this.#due = undefined;
      if (this.#asking) this.ask();
      else void this.#ask();
    }, after);
  }

  async #ask() {
    this.#asking = true;
    const answer = await fetch(this.path(), { signal: AbortSignal.timeout(ANSWER_MS) }).catch(() => null);
    // What is refused stays refused: who is signed out or may not read it any more hears so elsewhere.
    let isAgain = answer === null || answer.status === TOO_MANY || answer.status >= FAULT;
    if (answer?.ok) await this.take(answer).catch(() => { isAgain = true; });
    this.#asking = false;
    if (isAgain) this.ask(RETRY_MS);
  }
}
