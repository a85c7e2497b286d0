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

/** When what is told begins: of the chosen place, or of all of them. @param {import("./address.js").State} state  @returns {number | null} */
export function earliestOf(state) {
  const place = numberOf(state.place);
  if (!world.beliefs) return null;
  if (place < 0) return world.beliefs.earliest();
  const begins = world.beliefs.rectangles("control", place).map((one) => one.from).filter(Number.isFinite);
  return begins.length ? Math.min(...begins) : null;
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
  if (place < 0) return beliefs.next(at, direction);
  const rectangles = beliefs.rectangles("control", place);
  const known = (moment) => (state.follow === "then" ? moment : knownAt(state) ?? 8.64e15);
  const shown = (moment) => numberAt(rectangles, moment, known(moment));
  const candidates = [...timesOf(rectangles, state.follow)].filter((one) => Number.isFinite(one) && direction * (one - at) > 0);
  const now = shown(at);
  return candidates.sort((a, b) => direction * (a - b)).find((moment) => shown(moment) !== now) ?? null;
}

function timesOf(rectangles, follow) {
  return new Set(rectangles.flatMap((one) => [one.from, one.until, ...(follow === "then" ? [one.knownFrom, one.knownUntil] : [])]));
}

function numberAt(rectangles, at, known) {
  const found = rectangles.find(
    (one) => one.from <= at && at < one.until && one.knownFrom <= known && known < one.knownUntil,
  );
  return found?.number ?? 0;
}
