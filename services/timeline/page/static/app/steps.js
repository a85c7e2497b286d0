/** What is met along one axis at the state's moment of the other: the parts of a track, and where the next change is. */

import { knownAt } from "./address.js";
import { moments, numberOf, world } from "./world.js";

/** @typedef {{from: number, until: number, answer: import("./words.js").Answer | null, number: number}} Part */

/** Along the world's time, as known at the state's known time. @param {import("./address.js").State} state  @returns {Part[]} */
export function alongWorld(state) {
  const [, known] = moments();
  return parts(state, (one) => one.knownFrom <= known && known < one.knownUntil, "from", "until");
}

/** Along the known time, about the state's moment in the world. @param {import("./address.js").State} state  @returns {Part[]} */
export function alongKnown(state) {
  const [at] = moments();
  return parts(state, (one) => one.from <= at && at < one.until, "knownFrom", "knownUntil");
}

function parts(state, meets, from, until) {
  const place = numberOf(state.place);
  if (!world.beliefs || place < 0) return [];
  const met = world.beliefs.rectangles("control", place).filter(meets);
  const found = met.map((one) => ({ from: one[from], until: one[until], answer: one.answer, number: one.number }));
  return found.sort((a, b) => a.from - b.from);
}

/**
 * The next moment, or the one before, at which what is shown changes when `at` moves there.
 * @param {import("./address.js").State} state  @param {1 | -1} direction  @returns {number | null}
 */
export function nextChange(state, direction) {
  const { beliefs } = world;
  if (!beliefs) return null;
  const place = numberOf(state.place);
  const [at] = moments();
  const times = place >= 0 ? timesOf(beliefs.rectangles("control", place), state.follow) : beliefs.times;
  const known = (moment) => (state.follow === "then" ? moment : knownAt(state) ?? 8.64e15);
  const shown = place >= 0 ? (moment) => numberAt(beliefs, place, moment, known(moment)) : null;
  const order = direction > 0 ? (a) => a > at : (a) => a < at;
  const candidates = Array.from(times).filter((one) => Number.isFinite(one) && order(one)).sort((a, b) => direction * (a - b));
  if (!shown) return candidates[0] ?? null;
  const now = shown(at);
  for (const moment of candidates) if (shown(moment) !== now) return moment;
  return null;
}

function timesOf(rectangles, follow) {
  return new Set(rectangles.flatMap((one) => [one.from, one.until, ...(follow === "then" ? [one.knownFrom, one.knownUntil] : [])]));
}

function numberAt(beliefs, place, at, known) {
  const found = beliefs.rectangles("control", place).find(
    (one) => one.from <= at && at < one.until && one.knownFrom <= known && known < one.knownUntil,
  );
  return found?.number ?? 0;
}
