/** Captioned moments: links of the operator's, six in the demo. */

import { read } from "./address.js";
import { h } from "./elements.js";
import { json } from "./service.js";
import { set } from "./store.js";
import { tell } from "./times.js";

/** @typedef {{caption: string, place: string, at: string, known_at: string, view: string}} Moment */

/** @type {Moment[]} */
let held = [];

/** Fetch them. @returns {Promise<boolean>} whether there are any */
export async function fetchMoments() {
  held = (await json("/v1/map/moments")).moments;
  return held.length > 0;
}

export function moments() {
  return h("ol.moments", null, ...held.map((one) => h("li", null, h("a", { href: `?${query(one)}`, onclick: (event) => go(event, one) },
    h("span.when", null, tell(Date.parse(one.at))), h("span", null, one.caption)))));
}

/** @param {Moment} one */
function query(one) {
  const follow = one.at === one.known_at ? "follow=then" : `known=${one.known_at}&follow=free`;
  return `place=${encodeURIComponent(one.place)}&at=${one.at}&${follow}&view=${encodeURIComponent(one.view)}`;
}

/** @param {MouseEvent} event  @param {Moment} one */
function go(event, one) {
  if (event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  const { place, at, known, follow, view } = read(new URLSearchParams(query(one)));
  set({ place, at, known, follow, view, position: null });
  event.target?.dispatchEvent(new Event("close-popup", { bubbles: true }));
}
