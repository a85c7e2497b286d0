/** Compare: where the state differs from another moment or another view, place by place; each says why when it is opened. */

import { stamp } from "./address.js";
import { because } from "./difference.js";
import { h } from "./elements.js";
import { picture } from "./marks.js";
import { differing, named, otherWords } from "./other.js";
import { json } from "./service.js";
import { set, state } from "./store.js";
import { DAY } from "./times.js";
import { actorName, clock, world } from "./world.js";
import { filled, says, texts } from "./words.js";

/** @typedef {import("./words.js").Answer} Answer */

/** More rows than anybody reads would stop the page; the map shows all. */
const MOST = 200;

/** The list of places that differ. */
export function differences() {
  const words = texts.compare;
  const rows = differing();
  const count = rows.length === 1 ? words.one : filled(words.count, { n: rows.length.toLocaleString("en") });
  return h("section.differences", null,
    h("h2.small", null, words.title), h("p", null, otherWords()),
    h("p", null, rows.length ? count : words.none, " ", h("button", { type: "button", onclick: () => set({ compare: null }) }, words.end)),
    rows.length ? h("p.quiet.both", null, ghostPicture(), words.ghost) : null,
    h("ol.changes", null, ...rows.slice(0, MOST).map(entry)),
    rows.length > MOST ? h("p.quiet", null, filled(words.left_out, { n: (rows.length - MOST).toLocaleString("en") })) : null);
}

/** The two marks of a place that differs, as the map has them. */
function ghostPicture() {
  const [a, b] = world.places.actors.slice(0, 2).map((one) => one.id);
  const sample = (holder) => ({ mode: "held", holders: [holder ?? ""], challengers: [], standing: null, pending: [] });
  return h("span.pairing", { "aria-hidden": "true" }, picture(sample(b)), picture(sample(a)));
}

/** @param {{number: number, one: Answer, two: Answer}} row */
function entry({ number, one, two }) {
  const id = world.places.ids[number];
  const open = async (event) => {
    const box = event.target;
    if (!box.open || box.dataset.filled) return;
    box.dataset.filled = "yes";
    const body = h("div.because", { "aria-busy": "true" });
    box.append(body);
    body.replaceChildren(...(await because(id)), h("button", { type: "button", onclick: () => set({ place: id }) }, texts.compare.open));
    body.setAttribute("aria-busy", "false");
  };
  return h("li", null, h("details", { ontoggle: open }, h("summary.row", null,
    h("span.pairing", { "aria-hidden": "true" }, picture(two), picture(one)),
    h("span", null, h("b", { dir: "auto" }, world.places.names[number]),
      h("span.said", null, `${texts.compare.here} ${answerWords(one)}`), h("span.quiet", null, `${texts.compare.there} ${answerWords(two)}`)))));
}

/** @param {Answer} answer */
function answerWords(answer) {
  const first = answer.mode === "unknown" ? texts.modes.unknown : `${says(answer, actorName)} (${texts.standing[answer.standing ?? ""]})`;
  const also = answer.pending.map((each) => `${says(each, actorName)} (${texts.standing[each.standing]})`);
  return also.length ? `${first}; ${texts.compare.claimed} ${also.join("; ")}` : first;
}

/** What opens under the button: a moment on both axes, or a view. */
export function choose() {
  const words = texts.compare;
  const before = state.at === null ? "" : stamp(state.at - DAY).slice(0, 16).replace("T", " ");
  const at = field("compare", words.moment, before);
  const by = field("compare-known", words.by_field[clock()], "", words.by_switch);
  const done = (event, compare) => {
    set({ compare, place: null });
    event.target.dispatchEvent(new Event("close-popup", { bubbles: true }));
  };
  const go = (event) => {
    event.preventDefault();
    const [moment, known] = [at.read(), by.read()];
    if (moment !== undefined && !Number.isNaN(moment) && !Number.isNaN(known)) done(event, named(moment, known));
  };
  const views = h("ul.views", { "aria-busy": "true" });
  json("/v1/views").then(({ views: found }) => {
    const others = found.filter((one) => one.name !== state.view && one.id !== state.view && one.state === "ready");
    views.replaceChildren(...others.map((one) => h("li", null, h("button.row", { type: "button", onclick: (event) => done(event, one.name) }, viewWords(one)))));
    views.setAttribute("aria-busy", "false");
  });
  return h("section.compare", null, h("form", { onsubmit: go }, at.box, by.box, h("button", { type: "submit" }, words.go)),
    h("h2", null, words.views), views, h("p.quiet", null, words.build));
}

/** A view by its name, and what is different about it. */
function viewWords(one) {
  const sources = [[one.only_sources, texts.compare.only], [one.exclude_sources, texts.compare.without]].filter(([some]) => some.length)
    .map(([some, how]) => filled(how, { sources: some.join(", ") }));
  return h("span", null, h("b", { dir: "auto" }, one.name), h("span.quiet", null, [` ${one.policy}`, texts.compare.by_clock[one.clock], ...sources].join(", ")));
}

/** A field for a moment in UTC: `read` gives milliseconds, undefined where it is empty, NaN (and a mark) where it is none. */
function field(name, label, value, placeholder = "2024-12-02 15:00") {
  const input = /** @type {HTMLInputElement} */ (h("input", { type: "text", name, placeholder, value, spellcheck: "false", autocomplete: "off" }));
  const read = () => {
    const said = input.value.trim();
    if (!said) return undefined;
    const found = Date.parse(`${said.replace(" ", "T").replace(/Z$/, "")}Z`);
    input.setAttribute("aria-invalid", String(Number.isNaN(found)));
    return found;
  };
  return { box: h("label", null, label, input), read };
}
