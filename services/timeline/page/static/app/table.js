/** The same state as a table: every place on the map is a row that keyboard and screen reader reach. */

import { h } from "./elements.js";
import { picture } from "./marks.js";
import { naming } from "./names.js";
import { COLUMNS, listed, pendingWords, sorting } from "./order.js";
import { set, state } from "./store.js";
import { when } from "./times.js";
import { actorName, answerOf, clock, numberOf, world } from "./world.js";
import { filled, says, texts } from "./words.js";

/** So many rows are made at once; more come when either end is near, and those far away go, so that 33,000 places do not stop the page. */
const ROWS = 100;
const MOST = 400;
const NEAR = 600;

/** @typedef {{row: HTMLElement, button: HTMLElement, says: string}} Line */

export class Table {
  /** The rows that are there, by the number of their place: one whose answer stays is not made anew. @type {Map<number, Line>} */
  #lines = new Map();
  /** All places in their order, of which the rows from one up to another are there. */
  #found = new Uint32Array(0);
  #from = 0;
  #until = ROWS;
  /** The row that the keyboard is at. */
  #at = 0;
  /** The chosen place, as it was drawn last; undefined before. @type {string | null | undefined} */
  #chosen;

  /** @param {HTMLElement} box */
  constructor(box) {
    this.box = box;
    this.filter = /** @type {HTMLInputElement} */ (h("input", {
      type: "search", "aria-label": texts.table.filter, placeholder: texts.table.filter, value: state.filter, dir: "auto", name: "filter",
      oninput: () => this.#anew({ filter: this.filter.value }),
    }));
    this.count = h("p.quiet", { role: "status" });
    this.body = h("tbody", { onkeydown: (event) => this.#key(event), onfocusin: (event) => this.#focused(event.target) });
    this.caption = h("caption", null);
    this.heads = COLUMNS.map((one) => h("th", { scope: "col" }, h("button.sort", { type: "button", onclick: () => this.#sort(one) }, texts.table[one])));
    this.table = h("table", null, this.caption, h("thead", null, h("tr", null, ...this.heads)), this.body);
    this.scroll = h("div.scroll", { role: "region", "aria-label": texts.top.table, onscroll: () => this.#more() }, this.table);
    box.replaceChildren(h("div.filter", null, this.filter, this.count), this.scroll);
  }

  /** Draw it from the state, if it is to be seen. */
  draw() {
    this.box.hidden = state.as !== "table";
    if (this.box.hidden) return void (this.#chosen = undefined);
    if (document.activeElement !== this.filter) this.filter.value = state.filter;
    const [held, mine] = [this.#found[this.#at], this.body.contains(document.activeElement)];
    this.#found = listed();
    this.#at = Math.max(0, this.#found.indexOf(held));
    this.#tell();
    this.#put();
    if (mine && !this.body.contains(document.activeElement)) this.#go(this.#at);
    if (this.#chosen !== state.place) this.#reveal();
  }

  /** A place that was chosen elsewhere is brought into view. */
  #reveal() {
    this.#chosen = state.place;
    const at = this.#found.indexOf(numberOf(state.place));
    if (at < 0) return;
    this.#at = at;
    this.#reach();
    this.#lines.get(this.#found[at])?.row.scrollIntoView({ block: "nearest" });
  }

  #tell() {
    const words = texts.table;
    this.caption.textContent = filled(words.caption, { when: when(state, clock()) });
    const count = (number) => number.toLocaleString("en");
    const said = filled(words.count, { shown: count(this.#found.length), all: count(world.places.ids.length) });
    if (this.said !== said + state.filter) {
      const clear = h("button", { type: "button", onclick: () => { this.#anew({ filter: "" }); this.filter.focus(); } }, words.clear);
      this.count.replaceChildren(said, ...(state.filter ? [" ", clear] : []));
    }
    this.said = said + state.filter;
    const { column, back } = sorting();
    COLUMNS.forEach((one, at) => {
      if (one === column) this.heads[at].setAttribute("aria-sort", back ? "descending" : "ascending");
      else this.heads[at].removeAttribute("aria-sort");
    });
    this.table.setAttribute("aria-rowcount", String(this.#found.length + 1));
  }

  /** The rows of the places, those that say the same as before as they are. */
  #put() {
    this.#until = Math.min(this.#until, this.#found.length);
    this.#from = Math.max(0, Math.min(this.#from, this.#until - ROWS));
    this.#until = Math.min(this.#found.length, Math.max(this.#until, this.#from + ROWS));
    const kept = new Map();
    const called = naming();
    const rows = Array.from(this.#found.subarray(this.#from, this.#until), (number, row) => {
      const at = this.#from + row;
      const says = [called, world.shown.control[number], world.shown.access[number], world.places.names[number], state.place === world.places.ids[number], world.beliefs?.header.view_id].join(" ");
      const before = this.#lines.get(number);
      const line = before?.says === says ? before : made(number, says);
      kept.set(number, line);
      line.row.setAttribute("aria-rowindex", String(at + 2));
      line.button.tabIndex = at === Math.min(Math.max(this.#at, this.#from), this.#until - 1) ? 0 : -1;
      return line.row;
    });
    this.#lines = kept;
    const wanted = rows.length ? rows : [h("tr", null, h("td", { colspan: COLUMNS.length }, texts.table.none))];
    const { children } = this.body;
    if (children.length !== wanted.length || wanted.some((one, at) => one !== children[at])) this.body.replaceChildren(...wanted);
  }

  /** More rows where an end of those that are there is near; what is looked at stays where it is. */
  #more() {
    const { scrollTop, clientHeight, scrollHeight } = this.scroll;
    const [up, down] = [this.#from > 0 && scrollTop < NEAR, this.#until < this.#found.length && scrollTop + clientHeight > scrollHeight - NEAR];
    if (!up && !down) return;
    const kept = this.body.children[up ? 0 : this.body.children.length - 1];
    const before = kept.getBoundingClientRect().top;
    if (up) [this.#from, this.#until] = [Math.max(0, this.#from - ROWS), Math.min(this.#until, this.#from - ROWS + MOST)];
    else [this.#from, this.#until] = [Math.max(this.#from, this.#until + ROWS - MOST), this.#until + ROWS];
    this.#put();
    this.scroll.scrollTop += kept.getBoundingClientRect().top - before;
  }

  /** Begin at the top of another list. @param {Partial<import("./address.js").State>} change */
  #anew(change) {
    [this.#at, this.#from, this.#until, this.#found] = [0, 0, ROWS, new Uint32Array(0)];
    set(change);
    this.scroll.scrollTop = 0;
  }

  /** By a column, and the other way where it is that already. @param {string} one */
  #sort(one) {
    const { column, back } = sorting();
    this.#anew({ sort: one === column && !back ? `-${one}` : one === "place" ? "" : one });
  }

  /** Arrows go from row to row, Page keys by ten, Home and End to the ends; Enter chooses, as on any button. @param {KeyboardEvent} event */
  #key(event) {
    const last = this.#found.length - 1;
    const to = { ArrowDown: this.#at + 1, ArrowUp: this.#at - 1, PageDown: this.#at + 10, PageUp: this.#at - 10, Home: 0, End: last }[event.key];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    this.#go(Math.min(last, Math.max(0, to)));
  }

  /** A row that was reached in another way, as by a press. @param {HTMLElement} inside */
  #focused(inside) {
    const number = Number(inside.closest("tr")?.getAttribute("aria-rowindex"));
    if (number) this.#at = number - 2;
  }

  /** Bring the keyboard to a row. @param {number} to */
  #go(to) {
    this.#at = to;
    this.#reach();
    this.#lines.get(this.#found[to])?.button.focus();
  }

  /** Have the row that the keyboard is at among those that are there, with some on both sides. */
  #reach() {
    if (this.#at < this.#from || this.#at >= this.#until) [this.#from, this.#until] = [Math.max(0, this.#at - ROWS / 2), this.#at + ROWS / 2];
    this.#put();
  }
}

/** A row. @param {number} number  @param {string} told  what it says, in short @returns {Line} */
function made(number, told) {
  const [control, access] = [answerOf(number), world.shown.access[number] ? answerOf(number, "access") : null];
  const id = world.places.ids[number];
  const chosen = state.place === id;
  const known = control && control.mode !== "unknown";
  const button = h("button.row", { type: "button", "aria-current": chosen && "true", onclick: () => set({ place: id }) }, picture(control, access?.mode), world.places.names[number]);
  const there = chosen && world.places.lon[number] !== null ? h("button", { type: "button", onclick: () => set({ as: "map" }) }, texts.table.on_map) : null;
  const row = h("tr", { "aria-current": chosen && "true" },
    h("th", { scope: "row" }, h("div.name", null, button, there)),
    h("td", null, world.places.kinds[number].replaceAll("_", " ")),
    h("td", null, known ? says(control, actorName) : texts.modes.unknown),
    h("td", null, control?.standing ? texts.standing[control.standing] : ""),
    h("td", null, pendingWords(control)),
    h("td", null, access && access.mode !== "unknown" ? says(access, actorName) : ""));
  return { row, button, says: told };
}
