/** In which order the table lists places: by any of its columns, and by name where that is the same. What is empty comes last. */

import { byName, inOrder, left, naming, rankOfName } from "./names.js";
import { state } from "./store.js";
import { actorName, world } from "./world.js";
import { says, texts } from "./words.js";

/** @typedef {import("./words.js").Answer} Answer */

const EMPTY = 2 ** 20;

/** What a column says of an answer, by which it is sorted; empty where it says nothing. */
const SAID = {
  status: (/** @type {Answer} */ one) => (one.mode === "unknown" ? "" : says(one, actorName)),
  standing: (/** @type {Answer} */ one) => (one.standing ? String(Object.keys(texts.standing).indexOf(one.standing)) : ""),
  pending: (/** @type {Answer} */ one) => pendingWords(one),
  access: (/** @type {Answer} */ one) => (one.mode === "unknown" ? "" : says(one, actorName)),
};

/** The columns by which the table is sorted. */
export const COLUMNS = ["place", "kind", "status", "standing", "pending", "access"];

/** What is claimed of a place and not accepted. @param {Answer | null} answer */
export const pendingWords = (answer) => answer?.pending.map((one) => `${says(one, actorName)} (${texts.standing[one.standing]})`).join("; ") ?? "";

/** By which column, and whether backwards. @returns {{column: string, back: boolean}} */
export function sorting() {
  const back = state.sort.startsWith("-");
  const column = state.sort.slice(back ? 1 : 0);
  return { column: COLUMNS.includes(column) ? column : "place", back };
}

/** The numbers of the places that the filter leaves, in the order of the state. @returns {Uint32Array} */
export function listed() {
  const { column, back } = sorting();
  const [order, keep] = [byName(), left()];
  const all = column === "place" ? (back ? order.slice().reverse() : order) : sorted(order, column, back);
  return keep ? all.filter((number) => keep[number]) : all;
}

/** One number a place, the rank in the column before the rank by name: these are sorted without a call a pair. */
function sorted(order, column, back) {
  const count = order.length;
  const [first, names] = [rankOf(column), rankOfName()];
  const keys = new Float64Array(count);
  for (let number = 0; number < count; number += 1) {
    const rank = first(number);
    keys[number] = (rank === EMPTY ? EMPTY : back ? EMPTY - 1 - rank : rank) * count + names[number];
  }
  keys.sort();
  return Uint32Array.from(keys, (key) => order[key % count]);
}

/** @param {string} column  @returns {(number: number) => number} */
function rankOf(column) {
  if (column === "kind") {
    const ranks = ranked([...new Set(world.places.kinds)]);
    return (number) => ranks.get(world.places.kinds[number]) ?? EMPTY;
  }
  const shown = world.shown[column === "access" ? "access" : "control"];
  const ranks = ranksOfAnswers(column);
  return (number) => ranks[shown[number]];
}

let held = { key: "", answers: /** @type {any} */ (null), ranks: new Uint32Array(0) };

/** The rank of each answer in a column: the same until there are new answers, or somebody is called otherwise. @param {string} column */
function ranksOfAnswers(column) {
  const answers = world.beliefs?.answers ?? [];
  const key = `${column} ${naming()} ${answers.length}`;
  if (held.key === key && held.answers === answers) return held.ranks;
  const said = answers.map(SAID[column]);
  const ranks = ranked([...new Set(said)].filter(Boolean), column === "standing" ? (a, b) => Number(a) - Number(b) : inOrder);
  held = { key, answers, ranks: Uint32Array.from(said, (one) => ranks.get(one) ?? EMPTY) };
  return held.ranks;
}

/** @param {string[]} words  @param {(a: string, b: string) => number} [compare] */
const ranked = (words, compare = inOrder) => new Map(words.sort(compare).map((one, rank) => [one, rank]));
