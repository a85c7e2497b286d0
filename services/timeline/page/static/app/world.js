/** What the page holds of the service: places, actors, and the belief maps of a view; and what each place shows now. */

import { decode } from "./columns.js";
import { knownAt } from "./address.js";
import { address, ask, json } from "./service.js";
import { state } from "./store.js";

/** @typedef {import("./columns.js").Beliefs} Beliefs */

export const world = {
  /** @type {any} the columns of `/v1/map/places` */
  places: { ids: [], names: [], kinds: [], parents: [], lon: [], lat: [], other_names: {}, codes: {}, shapes: {}, actors: [] },
  /** @type {Beliefs | null} */
  beliefs: null,
  /** @type {Map<string, number>} */
  numbers: new Map(),
  /** @type {Map<string, number>} actors in the order of their registration */
  order: new Map(),
  /** The number of the answer of each place, by facet. */
  shown: { control: new Uint32Array(0), access: new Uint32Array(0) },
};

/** Fetch the map of the state's view. */
export async function load() {
  const asked = { view: state.view, position: state.position };
  const [places, beliefs] = await Promise.all([
    json("/v1/map/places", asked),
    ask(address("/v1/map/beliefs", asked)).then((answer) => answer.arrayBuffer()).then(decode),
  ]);
  world.places = places;
  world.beliefs = beliefs;
  world.numbers = new Map(places.ids.map((id, number) => [id, number]));
  world.order = new Map(places.actors.map((actor, number) => [actor.id, number]));
  const count = places.ids.length;
  world.shown = { control: new Uint32Array(count), access: new Uint32Array(count) };
}

/** Both times of the state in milliseconds. @returns {[number, number]} */
export function moments() {
  const now = Date.now();
  return [state.at ?? now, knownAt(state) ?? Math.max(now, 8.64e15)];
}

/** What every place shows at the state's times. */
export function look() {
  if (!world.beliefs) return;
  const [at, known] = moments();
  world.beliefs.pick("control", at, known, world.shown.control);
  world.beliefs.pick("access", at, known, world.shown.access);
}

/** @param {string | null} id  @returns {number} -1 where there is no such place */
export const numberOf = (id) => (id === null ? -1 : world.numbers.get(id) ?? -1);

/** @param {number} number  @param {'control' | 'access'} facet */
export const answerOf = (number, facet = "control") => world.beliefs?.answers[world.shown[facet][number]] ?? null;

/** What an actor was called at the state's moment. @param {string} id */
export function actorName(id) {
  const actor = world.places.actors[world.order.get(id) ?? -1];
  if (!actor) return id;
  const [at] = moments();
  const renamed = actor.renamed.filter(([, since]) => Date.parse(since) <= at);
  return renamed.length ? renamed[renamed.length - 1][0] : actor.name;
}

/** Which clock the view's known axis counts by. */
export const clock = () => world.beliefs?.header.clock ?? "reported";
