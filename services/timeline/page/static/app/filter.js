/** What table, map and what is taken away are narrowed to: places whose name, or whose actors' names, have the words in them. */

import { h } from "./elements.js";
import { fold } from "./folding.js";
import { set, state } from "./store.js";
import { actorName, world } from "./world.js";
import { filled, texts } from "./words.js";

/** Names as they are searched, made once for the places that there are. */
let named = { places: /** @type {any} */ (null), position: -1, words: /** @type {string[]} */ ([]) };

function names() {
  const { places } = world;
  if (named.places === places && named.position === places.position && named.words.length === places.ids.length) return named.words;
  const words = places.names.map((name, number) => fold([name, ...(places.other_names[number] ?? [])].join(" ")));
  named = { places, position: places.position, words };
  return words;
}

/** For each place 1 where the filter leaves it; null where there is no filter. @returns {Uint8Array | null} */
export function left() {
  const wanted = fold(state.filter);
  if (!wanted) return null;
  const actors = new Set(world.places.actors.map((one) => one.id).filter((id) => fold(actorName(id)).includes(wanted)));
  const answers = world.beliefs?.answers ?? [];
  const known = new Uint8Array(answers.length); // 0: not looked at, 1: no, 2: yes
  const meets = (number) => (known[number] ||= speaksOf(answers[number], actors) ? 2 : 1) === 2;
  return Uint8Array.from(names(), (words, number) => Number(words.includes(wanted) || meets(world.shown.control[number])));
}

const speaksOf = (answer, actors) => Boolean(answer) && [...answer.holders, ...answer.challengers, ...answer.pending.flatMap((one) => one.holders)].some((one) => actors.has(one));

/** The numbers of the places that the filter leaves. */
export function numbersLeft() {
  const found = left();
  const every = [...world.places.ids.keys()];
  return found ? every.filter((number) => found[number]) : every;
}

/** On the map: how many places the filter leaves, and how to be rid of it. */
export class Narrowed {
  /** @param {HTMLElement} box  the map */
  constructor(box) {
    this.words = h("span", { role: "status" });
    this.box = h("div.narrowed", { hidden: true }, this.words, h("button", { type: "button", onclick: () => set({ filter: "" }) }, texts.table.clear));
    box.append(this.box);
  }

  draw() {
    this.box.hidden = !state.filter;
    if (!state.filter) return;
    const count = (number) => number.toLocaleString("en");
    const shown = numbersLeft().length;
    const words = shown ? filled(texts.table.count, { shown: count(shown), all: count(world.places.ids.length) }) : texts.table.none;
    this.words.textContent = filled(texts.table.narrowed, { filter: state.filter, count: words });
  }
}
