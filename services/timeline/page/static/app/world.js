/** What the page holds of the service: places, actors, and the belief maps of a view; and what each place shows now. */

import { breath } from "./breath.js";
import { decode } from "./columns.js";
import { knownAt } from "./address.js";
import { address, ask, json } from "./service.js";
import { state } from "./store.js";
import { bytes } from "./waiting.js";

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

/** With so many places changed beside the columns, all are fetched again. */
const MOST_BESIDE = 4096;

/** @typedef {{whole: boolean, places: boolean, ids: Set<string>}} News  what is new: all, places themselves, which belief maps */

/** Fetch the map of the state's view: what lies ready, and what changed since. */
export async function load() {
  const { view, position } = state;
  const [places, beliefs] = await Promise.all([json("/v1/map/places", { view, position }), fetched({ view, position, ready: position === null || null })]);
  await begin(places, beliefs);
  if (position === null && beliefs.mark) await update();
}

/**
 * Take in what changed since: the places whose belief maps did, and new ones. Where the service cannot tell that (another view
 * bears the name now, or the past was changed), it tells the whole.
 * @returns {Promise<News>}
 */
export async function update() {
  const { beliefs, places } = world;
  const { view } = state;
  if (!beliefs?.mark || beliefs.beside > MOST_BESIDE) return load().then(everything);
  const changes = await fetched({ view, since: beliefs.mark });
  const { since, reference, redacted, places: ids } = changes.header;
  if (since === undefined || redacted > places.redacted) {
    await begin(await json("/v1/map/places", { view }), since === undefined ? changes : await fetched({ view }));
    return everything();
  }
  const told = reference > places.position ? await json("/v1/map/places", { view, since: places.position }) : null;
  if (beliefs !== world.beliefs) return { whole: false, places: false, ids: new Set() }; // another map was fetched meanwhile
  if (told) takeIn(told);
  beliefs.lay(changes, ids.map((id) => world.numbers.get(id)));
  return { whole: false, places: told !== null, ids: new Set(ids) };
}

/** @returns {News} */
const everything = () => ({ whole: true, places: true, ids: new Set(world.places.ids) });

/** Begin anew. Where a place was registered between both answers, the places are asked for as they were at the other's position. */
async function begin(places, beliefs) {
  const { view, known_position: position } = beliefs.header;
  world.places = places.ids.length === beliefs.count ? places : await json("/v1/map/places", { view, position });
  await breath();
  world.beliefs = beliefs;
  numbered();
  const count = world.places.ids.length;
  world.shown = { control: new Uint32Array(count), access: new Uint32Array(count) };
}

/** Belief maps: all, or with `since` those that changed; with the mark by which later changes are asked for. @param {Record<string, unknown>} query */
export async function fetched(query) {
  const answer = await ask(address("/v1/map/beliefs", query));
  const data = query.since ? await answer.arrayBuffer() : await bytes(answer);
  await breath();
  const found = decode(data);
  found.mark = answer.headers.get("Timeline-Mark");
  return found;
}

/** Places that are new or called otherwise, told as columns of their own; new ones stand behind all others. */
function takeIn(told) {
  const { places } = world;
  told.ids.forEach((id, row) => {
    const number = world.numbers.get(id) ?? places.ids.length;
    for (const column of ["ids", "names", "kinds", "parents", "lon", "lat"]) places[column][number] = told[column][row];
    for (const column of ["other_names", "codes", "shapes"]) {
      if (told[column][row] === undefined) delete places[column][number];
      else places[column][number] = told[column][row];
    }
    world.numbers.set(id, number);
  });
  if (told.actors.length) places.actors = told.actors;
  places.position = told.position;
  numbered();
  for (const facet of /** @type {const} */ (["control", "access"])) {
    const grown = new Uint32Array(places.ids.length);
    grown.set(world.shown[facet]);
    world.shown[facet] = grown;
  }
}

function numbered() {
  world.numbers = new Map(world.places.ids.map((id, number) => [id, number]));
  world.order = new Map(world.places.actors.map((actor, number) => [actor.id, number]));
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
