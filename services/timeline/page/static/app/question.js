/** The state as a question to the service: both times, view and position, as every route takes them. */

import { knownAt, stamp } from "./address.js";
import { state } from "./store.js";
import { clock } from "./world.js";

/** @param {number | null} millis */
export const moment = (millis) => (millis === null ? null : stamp(millis));

/** The known axis of a question; on the recorded clock a time and a position are not given together. @param {number | null} [by] */
export function known(by = knownAt(state)) {
  return { known_at: moment(by), known_position: clock() === "recorded" && by !== null ? null : state.position };
}

/** The state as a question. */
export const question = () => ({ at: moment(state.at), ...known(), view: state.view });
