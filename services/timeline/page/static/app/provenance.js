/** Where a thing comes from that leaves the page, and the links to it: both times, clock, policy, position, root and link. */

import { knownAt, stamp, write } from "./address.js";
import { told } from "./sentence.js";
import { ask } from "./service.js";
import { state } from "./store.js";
import { world } from "./world.js";
import { filled, texts } from "./words.js";

/** The root as it was asked for last: what is printed cannot wait for an answer. @type {{root: string, size: string} | null} */
let newest = null;

/** The page that a link is about, also where it stands in a frame. */
const page = () => `${location.origin}/`;

/** The state with its times, the view's id and the log's position named. @returns {import("./address.js").State} */
export function pinned() {
  const header = world.beliefs?.header;
  const now = Date.now();
  return {
    ...state, at: state.at ?? now, known: knownAt(state) ?? now, view: header?.view_id ?? state.view,
    position: header?.known_position ?? state.position, follow: state.follow === "then" ? "then" : "free",
  };
}

/** A link that shows the same for ever. */
export const pinnedLink = () => `${page()}?${write(pinned())}`;

/** A link that goes on with the record: what is learned later about the same question shows in it. */
export const liveLink = () => `${page()}?${write({ ...state, position: null })}`;

/** Where it comes from, a line each, with the root as it is now. */
export async function provenance() {
  await rooted();
  return provenanceLines();
}

/** The same at once, with the root that was asked for last. */
export function provenanceLines() {
  const header = world.beliefs?.header ?? {};
  const words = texts.provenance;
  const position = (header.known_position ?? 0).toLocaleString("en");
  return [
    told().filter(Boolean).join(" "),
    filled(words.times, { at: state.at === null ? words.now : stamp(state.at), known: knownAt(state) === null ? words.today : stamp(knownAt(state) ?? 0) }),
    filled(words.view, { view: header.view ?? state.view, clock: header.clock ?? "", policy: header.policy ?? "", position })
      + (newest ? filled(words.root, { root: newest.root, size: newest.size }) : ""),
    ...(state.compare ? [filled(words.compared, { with: state.compare })] : []),
    ...(state.filter ? [filled(words.filter, { filter: state.filter })] : []),
    pinnedLink(),
  ];
}

/** Ask for the first eight digits of the root of the log, as its newest checkpoint has it. Where there is none, nothing is said. */
export async function rooted() {
  try {
    const [, size, root] = (await (await ask("/v1/log/checkpoint")).text()).split("\n");
    const digits = Array.from(atob(root).slice(0, 4), (one) => one.charCodeAt(0).toString(16).padStart(2, "0"));
    newest = { root: digits.join(""), size: Number(size).toLocaleString("en") };
  } catch {
    newest = null;
  }
}
