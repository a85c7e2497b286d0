/** Compare: the state beside another moment, or another view (another policy, other sources): where they differ, and how. */

import { knownAt, stamp } from "./address.js";
import { decode } from "./columns.js";
import { h } from "./elements.js";
import { picture } from "./marks.js";
import { address, ask, json } from "./service.js";
import { set, state } from "./store.js";
import { tell } from "./times.js";
import { actorName, moments, world } from "./world.js";
import { filled, says, texts } from "./words.js";

/** @typedef {import("./words.js").Answer} Answer */

/** The other view's map, with the number that each of our places has in it. */
let other = { view: "", beliefs: /** @type {import("./columns.js").Beliefs | null} */ (null), numbers: /** @type {number[]} */ ([]) };

/** The moment that is compared with, where it is one and not a view. */
const moment = () => (state.compare && /^\d{4}-\d\d-\d\dT/.test(state.compare) ? Date.parse(state.compare) : null);

/** Fetch what is compared with, where it is not here yet. */
export async function loadOther() {
  if (!state.compare || moment() !== null || other.view === state.compare) return;
  const view = state.compare;
  const [places, beliefs] = await Promise.all([
    json("/v1/map/places", { view }), ask(address("/v1/map/beliefs", { view })).then((answer) => answer.arrayBuffer()).then(decode),
  ]);
  const numbers = new Map(places.ids.map((id, number) => [id, number]));
  other = { view, beliefs, numbers: world.places.ids.map((id) => numbers.get(id) ?? -1) };
}

/** The places whose answers differ, with both. @returns {{number: number, one: Answer, two: Answer}[]} */
export function differing() {
  const then = moment();
  const beliefs = then === null ? other.beliefs : world.beliefs;
  if (!state.compare || !beliefs || !world.beliefs || (then === null && other.view !== state.compare)) return [];
  const [at, known] = moments();
  const found = new Uint32Array(beliefs.count);
  beliefs.pick("control", then ?? at, then === null ? known : state.follow === "then" ? then : knownAt(state) ?? 8.64e15, found);
  const keys = new Map();
  const key = (answer) => keys.get(answer) ?? (keys.set(answer, JSON.stringify(answer)), keys.get(answer));
  const rows = [];
  for (let number = 0; number < world.shown.control.length; number += 1) {
    const there = then === null ? other.numbers[number] ?? -1 : number;
    const one = world.beliefs.answers[world.shown.control[number]];
    const two = beliefs.answers[there < 0 ? 0 : found[there]];
    if (one !== two && key(one) !== key(two)) rows.push({ number, one, two });
  }
  return rows;
}

/** The list of places that differ. */
export function differences() {
  const words = texts.compare;
  const rows = differing();
  const then = moment();
  const what = then === null ? filled(words.view, { view: state.compare ?? "" }) : tell(then);
  const end = h("button", { type: "button", onclick: () => set({ compare: null }) }, words.end);
  return h("section", null, h("h2.small", null, filled(words.title, { what })), h("p", null, filled(words.count, { n: rows.length.toLocaleString("en") }), " ", end),
    h("ol.changes", null, ...rows.slice(0, 200).map(entry)));
}

function entry({ number, one, two }) {
  const words = (answer) => {
    const first = answer.mode === "unknown" ? texts.modes.unknown : `${says(answer, actorName)} (${texts.standing[answer.standing]})`;
    const also = answer.pending.map((each) => `${says(each, actorName)} (${texts.standing[each.standing]})`);
    return also.length ? `${first}; ${texts.compare.claimed} ${also.join("; ")}` : first;
  };
  return h("li", null, h("button.row", { type: "button", onclick: () => set({ place: world.places.ids[number] }) }, picture(two), picture(one),
    h("span", null, h("b", null, world.places.names[number]), h("span.said", null, words(one)), h("span.quiet", null, `${texts.compare.there} ${words(two)}`))));
}

/** What opens under the button: a moment, or a view. */
export function choose() {
  const words = texts.compare;
  const field = /** @type {HTMLInputElement} */ (h("input", { type: "text", name: "compare", placeholder: "2024-12-02 15:00", value: state.at === null ? "" : stamp(state.at - 86_400_000).slice(0, 16).replace("T", " ") }));
  const done = (event, compare) => {
    set({ compare, place: null });
    event.target.dispatchEvent(new Event("close-popup", { bubbles: true }));
  };
  const go = (event) => {
    event.preventDefault();
    const found = Date.parse(`${field.value.trim().replace(" ", "T")}Z`);
    field.setAttribute("aria-invalid", String(Number.isNaN(found)));
    if (!Number.isNaN(found)) done(event, stamp(found));
  };
  const views = h("ul.views", { "aria-busy": "true" });
  json("/v1/views").then(({ views: found }) => {
    const others = found.filter((one) => one.name !== state.view && one.id !== state.view);
    views.replaceChildren(...others.map((one) => h("li", null, h("button.row", { type: "button", onclick: (event) => done(event, one.name) },
      h("span", null, h("b", null, one.name), h("span.quiet", null, ` ${one.policy}, ${one.clock}`))))));
    views.setAttribute("aria-busy", "false");
  });
  return h("section.compare", null, h("form", { onsubmit: go }, h("label", null, words.moment, field), h("button", { type: "submit" }, words.go)),
    h("h2", null, words.views), views);
}
