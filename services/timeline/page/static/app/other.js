/**
 * What the state is laid beside: another moment, on both axes, or another view (another policy, other sources), and the places
 * whose answers differ. In the address a moment is `2024-12-04T15:00:00Z`, with the moment by which it was known after a comma
 * (or `today`) where that does not follow the switch; anything else is a view.
 */

import { knownAt, stamp } from "./address.js";
import { known, moment, question } from "./question.js";
import { json } from "./service.js";
import { state } from "./store.js";
import { tell } from "./times.js";
import { clock, fetched, moments, world } from "./world.js";
import { filled, texts } from "./words.js";

/** @typedef {import("./words.js").Answer} Answer */
/** @typedef {{view: string} | {at: number, known: number | null}} Other  `known` null: all that is known today */

/** The latest moment that is asked about: all that is known. */
const TODAY = 8.64e15;

const NOTHING = { view: "", beliefs: /** @type {import("./columns.js").Beliefs | null} */ (null), places: new Map(), numbers: /** @type {number[]} */ ([]) };

/** The other view's map, the numbers of its places by their ids, and the number that each of ours has in it. */
let held = NOTHING;

/** What the state is compared with. @returns {Other | null} */
export function other() {
  if (!state.compare) return null;
  const [at, by] = state.compare.split(",").map((one) => (/^\d{4}-\d\d-\d\dT/.test(one) ? Date.parse(one) : one));
  if (typeof at !== "number" || Number.isNaN(at)) return { view: state.compare };
  if (typeof by === "number" && !Number.isNaN(by)) return { at, known: by };
  return { at, known: by === "today" ? null : state.follow === "then" ? at : knownAt(state) };
}

/** How an address names a moment to compare with. @param {number} at  @param {number | null | undefined} by  undefined: by the switch */
export const named = (at, by) => [stamp(at), ...(by === undefined ? [] : [by === null ? "today" : stamp(by)])].join(",");

/** The same in words. */
export function otherWords() {
  const one = other();
  if (!one) return "";
  if ("view" in one) return filled(texts.compare.view, { view: one.view });
  return filled(texts.compare.beside[clock()], { at: tell(one.at), known: one.known === null ? texts.compare.today : tell(one.known) });
}

/** The state's question, and that about the other side, as the service takes them. */
export function questions() {
  const [here, there] = [question(), other()];
  if (!there) return [here, here];
  if ("view" in there) return [here, { at: here.at, known_at: here.known_at, view: there.view }];
  return [here, { at: moment(there.at), ...known(there.known), view: state.view }];
}

/** Fetch what is compared with, where it is not here yet: what lies ready, and what changed since. */
export async function loadOther() {
  const one = other();
  if (!one || !("view" in one) || held.view === one.view) return;
  const { view } = one;
  const [told, beliefs] = await Promise.all([json("/v1/map/places", { view }), fetched({ view, ready: true })]);
  const places = told.ids.length === beliefs.count ? told : await json("/v1/map/places", { view, position: beliefs.header.known_position });
  held = { view, beliefs, places: new Map(places.ids.map((id, number) => [id, number])), numbers: [] };
  await updateOther();
}

/** Take in what changed of it since. */
export async function updateOther() {
  const { view, beliefs, places } = held;
  if (!beliefs) return;
  if (beliefs.mark) {
    const changes = await fetched({ view, since: beliefs.mark });
    if (held.beliefs !== beliefs) return; // another one was fetched meanwhile
    if (changes.header.since === undefined) {
      forgetOther();
      return loadOther();
    }
    for (const id of changes.header.places) if (!places.has(id)) places.set(id, places.size);
    beliefs.lay(changes, changes.header.places.map((id) => places.get(id)));
  }
  held.numbers = world.places.ids.map((id) => places.get(id) ?? -1);
}

/** What was fetched of it is of another state. */
export const forgetOther = () => void (held = NOTHING);

/** The places whose answers differ, with both. @returns {{number: number, one: Answer, two: Answer}[]} */
export function differing() {
  const there = other();
  if (!there || !world.beliefs) return [];
  const elsewhere = "view" in there;
  const beliefs = elsewhere ? held.beliefs : world.beliefs;
  if (!beliefs || (elsewhere && held.view !== there.view)) return [];
  const [at, known] = elsewhere ? moments() : [there.at, there.known ?? TODAY];
  const found = new Uint32Array(beliefs.count);
  beliefs.pick("control", at, known, found);
  const keys = new Map();
  const key = (answer) => keys.get(answer) ?? (keys.set(answer, JSON.stringify(answer)), keys.get(answer));
  const rows = [];
  for (let number = 0; number < world.shown.control.length; number += 1) {
    const place = elsewhere ? held.numbers[number] ?? -1 : number;
    const one = world.beliefs.answers[world.shown.control[number]];
    const two = beliefs.answers[place === undefined || place < 0 ? 0 : found[place]];
    if (one !== two && key(one) !== key(two)) rows.push({ number, one, two });
  }
  return rows;
}
