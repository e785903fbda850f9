// @ts-check
/**
 * Sounds, made by the browser itself. What is live sounds unlike an exercise, and this unlike a test: by pitch, rhythm
 * and timbre. Browsers keep silent until somebody has pressed something on a page: `canSound` says so.
 */

/** @typedef {{type: OscillatorType, gain: number, notes: [hz: number, at_s: number, lasts_s: number][]}} Sound */
/** @type {Record<string, Sound>} */
const SOUNDS = {
  review: { type: "triangle", gain: 0.5, notes: [[523, 0, 0.22], [659, 0.24, 0.22], [784, 0.48, 0.4]] },
  alarm: { type: "square", gain: 0.25, notes: [[880, 0, 0.14], [660, 0.16, 0.14], [880, 0.32, 0.14], [660, 0.48, 0.14]] },
  exercise: { type: "sine", gain: 0.35, notes: [[440, 0, 0.35], [330, 0.4, 0.45]] },
  test: { type: "sine", gain: 0.25, notes: [[220, 0, 0.5]] },
};
const EDGE_S = 0.02;

/** @type {AudioContext | undefined} */
let context;

/** Whether the browser lets this page sound. */
export function canSound() {
  return context?.state === "running";
}

/** @type {Set<() => void>} */
const watchers = new Set();

/**
 * Calls `watcher` when the browser begins or ceases to let this page sound, once `wake` was called.
 * @param {() => void} watcher
 */
export function onChange(watcher) {
  watchers.add(watcher);
}

/** Asks the browser to let this page sound, which it does once somebody has pressed something; resolves to whether it does. */
export async function wake() {
  if (context === undefined) {
    context = new AudioContext();
    context.addEventListener("statechange", () => watchers.forEach((watcher) => watcher()));
  }
  if (context.state !== "running") {
    // Without leave the promise stays pending until there is some.
    await Promise.race([context.resume(), new Promise((resolve) => setTimeout(resolve, 300))]).catch(() => undefined);
  }
  return canSound();
}

/**
 * Plays a sound once, if it may.
 * @param {string} name
 * @returns {number} how long it lasts, seconds
 */
export function play(name) {
  const sound = SOUNDS[name];
  if (sound === undefined || context === undefined || !canSound()) return 0;
  let ends = 0;
  for (const [hz, at, lasts] of sound.notes) {
    const tone = context.createOscillator();
    const volume = context.createGain();
    const start = context.currentTime + at;
    tone.type = sound.type;
    tone.frequency.value = hz;
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime(sound.gain, start + EDGE_S);
    volume.gain.setValueAtTime(sound.gain, start + lasts - EDGE_S);
    volume.gain.linearRampToValueAtTime(0, start + lasts);
    tone.connect(volume).connect(context.destination);
    tone.start(start);
    tone.stop(start + lasts);
    ends = Math.max(ends, at + lasts);
  }
  return ends;
}
