/** What table, map and what is taken away are narrowed to, told where it narrows them (`names.js` says which places are left). */

import { h } from "./elements.js";
import { left } from "./names.js";
import { set, state } from "./store.js";
import { world } from "./world.js";
import { filled, texts } from "./words.js";

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
