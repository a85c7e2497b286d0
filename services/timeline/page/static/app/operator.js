/** What the operator chose for the map: colours and initials of actors, a basemap. Asked for with the map. */

import { ask, json } from "./service.js";

export const operator = {
  /** @type {Map<string, string>} */
  colours: new Map(),
  /** @type {Map<string, string>} */
  initials: new Map(),
  /** Whom the basemap credits, where it is the operator's. @type {string | null} */
  credit: null,
};

export async function fetchLook() {
  const { actors, basemap_credit } = await json("/v1/map/look");
  operator.colours = new Map(actors.filter((one) => one.colour).map((one) => [one.actor_id, one.colour]));
  operator.initials = new Map(actors.filter((one) => one.initials).map((one) => [one.actor_id, one.initials]));
  operator.credit = basemap_credit;
}

/** The basemap: the operator's, or the page's own. */
export async function fetchBasemap() {
  if (operator.credit !== null) return json("/v1/map/basemap");
  return (await ask(new URL("../vendor/basemap.json", import.meta.url).href)).json();
}
