/** The legend: what shapes, colours and rings mean, and what the map does not say. */

import { COLOURS, colour, initials } from "./colours.js";
import { h } from "./elements.js";
import { picture } from "./marks.js";
import { actorName, world } from "./world.js";
import { texts } from "./words.js";

/** Two actors to show shapes with: the first two that were registered. */
const sample = (mode, holders, challengers = [], pending = []) => ({ mode, holders, challengers, standing: null, pending });

export function legend() {
  const [a, b] = shown();
  const words = texts.legend;
  const claim = (standing) => [{ mode: "held", holders: [b], challengers: [], standing }];
  const shapes = [
    [sample("held", [a]), texts.modes.held], [sample("contested", [a], [b]), texts.modes.contested],
    [sample("besieged", [a], [b]), texts.modes.besieged], [sample("shared", [a, b]), texts.modes.shared],
    [sample("vacated", []), texts.modes.vacated], [sample("unknown", []), texts.modes.unknown],
    [sample("held", [a], [], claim("unconfirmed")), words.pending], [sample("held", [a], [], claim("disputed")), words.disputed],
  ];
  const actors = world.places.actors.map((actor) => actor.id).filter(isSeen).slice(0, 14);
  return h("div.legend", null,
    h("h2", null, words.shapes),
    h("ul", null, ...shapes.map(([answer, says]) => h("li", null, picture(/** @type {any} */ (answer)), /** @type {string} */ (says))),
      h("li", null, picture(sample("held", [a]), "closed"), words.access)),
    h("h2", null, words.colours),
    h("ul", null, ...actors.map((id) => h("li", null, swatch(id), actorName(id)))),
    h("p", null, words.no_front), h("p", null, words.borders), h("p.quiet", null, words.credit));
}

function swatch(id) {
  const made = h("span.swatch", null, initials(actorName(id)));
  made.style.setProperty("--colour", colour(id));
  made.classList.toggle("dark", [COLOURS[3], COLOURS[5]].includes(colour(id)));
  return made;
}

/** The actors that hold, or claim, anything at all. */
const isSeen = (id) => Boolean(world.beliefs?.answers.some((one) => one.holders.includes(id) || one.challengers.includes(id) || one.pending.some((each) => each.holders.includes(id))));

function shown() {
  const ids = world.places.actors.map((one) => one.id).filter(isSeen);
  return [ids[0] ?? "", ids[1] ?? ""];
}
