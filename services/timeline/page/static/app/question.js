/** The state as a question to the service: both times, view and position, as every route takes them. */

import { knownAt, stamp } from "./address.js";
import { state } from "./store.js";
import { clock, world } from "./world.js";

/** @param {number | null} millis */
export const moment = (millis) => (millis === null ? null : stamp(millis));

/** The known axis of a question; on the recorded clock a time and a position are not given together. @param {number | null} [by] */
export function known(by = knownAt(state)) {
  return { known_at: moment(by), known_position: clock() === "recorded" && by !== null ? null : state.position };
}

/**
 * The known axis of a question that is asked beside the map: no earlier than the position that the map stands at, wherever it is
 * answered, since of several servers one may be a moment behind.
 */
export function knownThen() {
  const asked = known();
  const here = world.beliefs?.header?.known_position;
  return { ...asked, min_position: asked.known_position === null && here ? here : null };
}

/** The state as a question. */
export const question = () => ({ at: moment(state.at), ...knownThen(), view: state.view });
