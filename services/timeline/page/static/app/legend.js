/** The legend: what the shapes, colours and rings that are on the map mean, and what the map does not say. */

import { colour, initialsOf, isDark } from "./colours.js";
import { h } from "./elements.js";
import { numbersLeft } from "./filter.js";
import { mark, picture } from "./marks.js";
import { operator } from "./operator.js";
import { actorName, world } from "./world.js";
import { filled, texts } from "./words.js";

/** @typedef {import("./words.js").Answer} Answer */

const MODES = /** @type {const} */ (["held", "contested", "besieged", "shared", "vacated", "unknown"]);

/** So many actors are told with their colours; a longer list explains nothing. */
const MOST = 24;

/** What the map shows now: modes, rings, access, and actors in the order of registration. */
function present() {
  const answers = world.beliefs?.answers ?? [];
  const seen = numbersLeft();
  const [control, access] = ["control", "access"].map((facet) => [...new Set(seen.map((number) => world.shown[facet][number]))]);
  const actors = new Set();
  const [modes, rings] = [new Set(), new Set()];
  for (const one of control.map((number) => answers[number] ?? null)) {
    modes.add(one?.mode ?? "unknown");
    const { fills, around, pending, dotted } = mark(one);
    for (const actor of [...fills, around, pending]) if (actor) actors.add(actor);
    if (pending !== null) rings.add(dotted ? "disputed" : "pending");
  }
  const closed = new Set(access.filter(Boolean).map((number) => answers[number]?.mode));
  return { modes, rings, closed, actors: world.places.actors.map((one) => one.id).filter((id) => actors.has(id)) };
}

/** Every shape, ring and badge, with whether it is on the map now. @returns {{there: boolean, item: HTMLElement}[]} */
function shapes() {
  const { modes, rings, closed, actors } = present();
  const [a = "", b = ""] = actors.length > 1 ? actors : [...actors, ...world.places.actors.map((one) => one.id).filter((id) => !actors.includes(id))];
  const sample = (mode, standing = null) => /** @type {Answer} */ ({
    mode, standing: null, ...SIDES[mode]?.(a, b), pending: standing ? [{ mode: "held", holders: [b], challengers: [], standing }] : [],
  });
  const item = (drawn, says) => h("li", null, drawn, says);
  return [
    ...MODES.map((mode) => ({ there: modes.has(mode), item: item(picture(sample(mode)), texts.modes[mode]) })),
    ...["pending", "disputed"].map((ring) => ({ there: rings.has(ring), item: item(picture(sample("held", ring)), texts.legend[ring]) })),
    ...["open", "closed"].map((one) => ({ there: closed.has(one), item: item(picture(sample("held"), one), texts.legend[one]) })),
  ];
}

const nobody = { holders: [], challengers: [] };
const SIDES = {
  held: (a) => ({ holders: [a], challengers: [] }), contested: (a, b) => ({ holders: [a], challengers: [b] }),
  besieged: (a, b) => ({ holders: [a], challengers: [b] }), shared: (a, b) => ({ holders: [a, b], challengers: [] }),
  vacated: () => nobody, unknown: () => nobody,
};

const actorItem = (id) => h("li", null, swatch(id), actorName(id));

/** What is on the map now, shapes first: as short as the map allows. */
export const entries = () => [...shapes().filter((one) => one.there).map((one) => one.item), ...present().actors.slice(0, MOST).map(actorItem)];

export function legend() {
  const words = texts.legend;
  const every = shapes();
  const [here, others] = [true, false].map((there) => every.filter((one) => one.there === there).map((one) => one.item));
  const { actors } = present();
  const more = actors.length - MOST;
  return h("div.legend", null,
    h("h2", null, words.shapes), h("ul", null, ...here),
    others.length ? h("details", null, h("summary", null, words.others), h("ul", null, ...others)) : null,
    h("h2", null, words.colours),
    actors.length ? h("ul", null, ...actors.slice(0, MOST).map(actorItem)) : h("p.quiet", null, words.nobody),
    more > 0 ? h("p.quiet", null, filled(words.more, { n: more.toLocaleString("en") })) : null,
    h("p", null, words.no_front), h("p", null, words.borders), h("p.quiet", null, operator.credit ?? words.credit));
}

function swatch(id) {
  const made = h("span.swatch", null, initialsOf(id));
  made.style.setProperty("--colour", colour(id));
  made.classList.toggle("dark", isDark(colour(id)));
  return made;
}
