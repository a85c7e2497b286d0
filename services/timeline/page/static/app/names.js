/**
 * Names as lists need them, made once for a set of places and not at each step: their order, and their letters as people search
 * for them. What is said of actors changes only where one of them is called otherwise from then on.
 */

import { fold } from "./folding.js";
import { state } from "./store.js";
import { actorName, moments, world } from "./world.js";

const collator = new Intl.Collator("en", { numeric: true });

/** Words in the order in which people look them up. @param {string} a  @param {string} b */
export const inOrder = (a, b) => collator.compare(a, b);

/** What is made of a set of places, for as long as they are the same. @template T  @param {() => T} make  @returns {() => T} */
function ofPlaces(make) {
  let [places, position, made] = [/** @type {any} */ (null), -1, /** @type {T | null} */ (null)];
  return () => {
    if (places === world.places && position === world.places.position && made !== null) return made;
    [places, position] = [world.places, world.places.position];
    return (made = make());
  };
}

/** The numbers of all places, by name. @type {() => Uint32Array} */
export const byName = ofPlaces(() => {
  const { names } = world.places;
  return Uint32Array.from(names, (_, number) => number).sort((a, b) => inOrder(names[a], names[b]) || a - b);
});

/** At which place of that order each place stands. @type {() => Uint32Array} */
export const rankOfName = ofPlaces(() => {
  const found = new Uint32Array(world.places.ids.length);
  byName().forEach((number, rank) => (found[number] = rank));
  return found;
});

/** Each name, id and code of a place, folded. @type {() => string[][]} */
export const foldedWords = ofPlaces(() => {
  const { ids, names, other_names: others, codes } = world.places;
  return ids.map((/** @type {string} */ id, /** @type {number} */ number) => [names[number], id, ...(others[number] ?? []), ...(codes[number] ?? [])].map(fold));
});

/** All names of a place in one. @type {() => string[]} */
const foldedNames = ofPlaces(() => {
  const { names, other_names: others } = world.places;
  return names.map((/** @type {string} */ name, /** @type {number} */ number) => fold([name, ...(others[number] ?? [])].join(" ")));
});

/** When some actor is called otherwise from then on, in order. */
const renamings = ofPlaces(() =>
  Float64Array.from(world.places.actors.flatMap((one) => one.renamed.map(([, since]) => Date.parse(since)))).sort());

/** How many actors were called otherwise by the state's moment, in this set of places and actors: while that stays, so do all names. */
export function naming() {
  const [at] = moments();
  return `${world.places.position} ${renamings().filter((one) => one <= at).length}`;
}

let last = { key: "", places: /** @type {string[] | null} */ (null), by: new Uint8Array(0), answers: new Int8Array(0), actors: new Set() };

/**
 * Which places the state's filter leaves, 1 for each: a name has these letters, or that of an actor who holds or claims it.
 * @returns {Uint8Array | null} null where there is no filter
 */
export function left() {
  const wanted = fold(state.filter);
  if (!wanted || !world.beliefs) return null;
  const names = foldedNames();
  const key = JSON.stringify([wanted, naming(), world.beliefs.header.view_id]);
  if (last.key !== key || last.places !== names) {
    const actors = world.places.actors.filter((one) => fold(actorName(one.id)).includes(wanted));
    last = { key, places: names, by: Uint8Array.from(names, (one) => Number(one.includes(wanted))), answers: new Int8Array(0), actors: new Set(actors.map((one) => one.id)) };
  }
  const { answers } = world.beliefs;
  if (last.answers.length !== answers.length) last.answers = Int8Array.from(answers, (one) => Number(concerns(one)));
  return last.by.map((one, number) => one | last.answers[world.shown.control[number]]);
}

/** Whether an answer names one of the actors that are looked for. @param {import("./words.js").Answer} answer */
function concerns(answer) {
  return [answer, ...answer.pending].some((one) => [...one.holders, ...one.challengers].some((actor) => last.actors.has(actor)));
}
