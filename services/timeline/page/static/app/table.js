/** The same state as a table: every place on the map is a row that keyboard and screen reader reach. */

import { h } from "./elements.js";
import { numbersLeft } from "./filter.js";
import { picture } from "./marks.js";
import { set, state } from "./store.js";
import { when } from "./times.js";
import { actorName, answerOf, clock, world } from "./world.js";
import { filled, says, texts } from "./words.js";

/** Rows at once; the others come when the end is near, so that 33,000 places do not stop the page. */
const ROWS = 200;

export class Table {
  /** @param {HTMLElement} box */
  constructor(box) {
    this.box = box;
    this.rows = ROWS;
    this.filter = /** @type {HTMLInputElement} */ (h("input", {
      type: "search", "aria-label": texts.table.filter, placeholder: texts.table.filter, value: state.filter, dir: "auto", name: "filter",
      oninput: () => { this.rows = ROWS; set({ filter: this.filter.value }); },
    }));
    this.count = h("p.quiet", { role: "status" });
    this.body = h("tbody", null);
    this.caption = h("caption", null);
    const words = texts.table;
    const heads = [words.place, words.kind, words.status, words.standing, words.pending, words.access];
    const scroll = h("div.scroll", { tabindex: 0, role: "region", "aria-label": texts.top.table, onscroll: () => this.#more(scroll) },
      h("table", null, this.caption, h("thead", null, h("tr", null, ...heads.map((one) => h("th", { scope: "col" }, one)))), this.body));
    box.replaceChildren(h("div.filter", null, this.filter, this.count), scroll);
  }

  /** Draw it from the state, if it is to be seen. */
  draw() {
    this.box.hidden = state.as !== "table";
    if (this.box.hidden) return;
    if (document.activeElement !== this.filter) this.filter.value = state.filter;
    const found = this.#found();
    this.caption.textContent = filled(texts.table.caption, { when: when(state, clock()) });
    const count = (number) => number.toLocaleString("en");
    const clear = h("button", { type: "button", onclick: () => set({ filter: "" }) }, texts.table.clear);
    this.count.replaceChildren(filled(texts.table.count, { shown: count(found.length), all: count(world.places.ids.length) }), ...(state.filter ? [" ", clear] : []));
    const none = found.length ? [] : [h("tr", null, h("td", { colspan: 6 }, texts.table.none))];
    this.body.replaceChildren(...found.slice(0, this.rows).map(row), ...none);
  }

  #more(scroll) {
    if (scroll.scrollTop + scroll.clientHeight < scroll.scrollHeight - 600 || this.rows >= world.places.ids.length) return;
    this.rows += ROWS;
    this.draw();
  }

  /** The places that the filter leaves, by name. */
  #found() {
    return numbersLeft().sort((a, b) => world.places.names[a].localeCompare(world.places.names[b]));
  }
}

function row(number) {
  const [control, access] = [answerOf(number), world.shown.access[number] ? answerOf(number, "access") : null];
  const id = world.places.ids[number];
  const known = control && control.mode !== "unknown";
  return h("tr", { "aria-selected": String(state.place === id) },
    h("th", { scope: "row" }, h("button.row", { type: "button", onclick: () => set({ place: id }) }, picture(control, access?.mode), world.places.names[number])),
    h("td", null, world.places.kinds[number].replaceAll("_", " ")),
    h("td", null, known ? says(control, actorName) : texts.modes.unknown),
    h("td", null, control?.standing ? texts.standing[control.standing] : ""),
    h("td", null, control?.pending.map((one) => `${says(one, actorName)} (${texts.standing[one.standing]})`).join("; ") ?? ""),
    h("td", null, access && access.mode !== "unknown" ? says(access, actorName) : ""));
}
