/** What the desk needs to know of the service: who asks, the vocabulary, the sources, and the developments of a place. */

import { address, json } from "../service.js";
import { world } from "../world.js";

/** @typedef {{name: string, roles: string[], rights: string[]}} Who */
/** @typedef {{source_id: string, name: string, kind: string, reliability: string}} Source */

/** So many developments of a place are offered, the last recorded first. */
const MOST = 500;

export const held = {
  /** @type {any} */
  vocabulary: null,
  /** @type {Source[]} */
  sources: [],
  /** The position at which the sources were asked for. */
  asked: -1,
};

/** Who asks, as the service sees it. @returns {Promise<Who>} */
export const whoAmI = () => json("/v1/whoami");

/** What does not change while the page is open, and the sources as they are now. */
export async function fetchHeld() {
  held.vocabulary ??= await json("/v1/vocabulary");
  await fetchSources();
}

/** The sources, where something was recorded since they were asked for. */
export async function fetchSources() {
  const position = world.beliefs?.header.known_position ?? 0;
  if (held.asked >= position) return;
  const found = [];
  for (let after = null; ;) {
    const page = await json("/v1/sources", { limit: 1000, after });
    found.push(...page.sources);
    if ((after = page.next) === null) break;
  }
  held.asked = position;
  held.sources = found;
}

/** What a source is called. @param {string} id */
export const sourceName = (id) => held.sources.find((one) => one.source_id === id)?.name || id;

/** The developments of a place as they stand, the last recorded first. @param {string} place  @param {number} [position]  wait until that is folded */
export async function developmentsOf(place, position) {
  return (await json("/v1/developments", { location: place, limit: MOST, min_position: position })).developments;
}

/** A development that can be spoken of: not void, and not merged into another. @param {{standing: string}} one */
export const stands = (one) => one.standing !== "void" && one.standing !== "merged";

/** An id for an event or a development, also where the page does not come over https. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return Array.from(bytes, (one, at) => ([4, 6, 8, 10].includes(at) ? "-" : "") + one.toString(16).padStart(2, "0")).join("");
}
