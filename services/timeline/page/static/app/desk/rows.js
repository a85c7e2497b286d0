/** Rows of a form that are added and taken out: participants, figures, evidence. */

import { h } from "../elements.js";
import { filled, texts } from "../words.js";
import { group, unique } from "./fields.js";

/** @typedef {{box: HTMLElement, value: () => Record<string, unknown> | null}} Row  a row whose value is null is left out */

export class Rows {
  /**
   * @param {string} name  of the group, and the key of its legend
   * @param {string} path  of the list in the event
   * @param {(given?: any) => Row} make
   */
  constructor(name, path, make) {
    Object.assign(this, { path, make });
    /** @type {Row[]} */
    this.rows = [];
    this.list = h("div.rows", null);
    this.more = h("button.more", { type: "button", onclick: () => this.add(undefined, true) }, texts.desk.add);
    this.more.setAttribute("aria-label", `${texts.desk.add}: ${texts.desk[name]}`);
    this.hint = h("span.quiet.hint", null);
    this.box = group(name, path, this.list, this.hint, this.more);
  }

  /** @param {any} [given]  what it is filled with  @param {boolean} [focus] */
  add(given, focus = false) {
    const row = this.make(given);
    const out = h("button.out", { type: "button", onclick: () => this.#remove(row) }, "×");
    row.box.append(out);
    this.rows.push(row);
    this.list.append(row.box);
    this.#named();
    if (focus) /** @type {HTMLElement | null} */ (row.box.querySelector("select, input"))?.focus();
    return row;
  }

  /** @param {any[]} every */
  set(every) {
    this.rows = [];
    this.list.replaceChildren();
    for (const one of every) this.add(one);
  }

  /** What the rows say; each of their fields is told its path, so that the service's words find it. */
  value() {
    const said = [];
    for (const row of this.rows) {
      const value = row.value();
      const path = value ? `${this.path}[${said.length}]` : "";
      row.box.dataset.path = path || "-";
      for (const cell of /** @type {NodeListOf<HTMLElement>} */ (row.box.querySelectorAll("[data-key]"))) cell.dataset.path = path ? `${path}.${cell.dataset.key}` : "-";
      if (value) said.push(value);
    }
    return said;
  }

  #remove(row) {
    const at = this.rows.indexOf(row);
    this.rows.splice(at, 1);
    row.box.remove();
    this.#named();
    this.box.dispatchEvent(new Event("change", { bubbles: true }));
    const next = this.rows[at] ?? this.rows[at - 1];
    (next ? /** @type {HTMLElement} */ (next.box.querySelector("button.out")) : this.more).focus();
  }

  #named() {
    this.rows.forEach((row, at) => row.box.querySelector("button.out")?.setAttribute("aria-label", filled(texts.desk.remove, { what: filled(texts.desk.row, { n: at + 1 }) })));
  }
}

/** One control of a row. @param {string} key  of what it fills in the row's object  @param {HTMLElement} control  @param {string} [words] */
export function cell(key, control, words = texts.desk[key]) {
  const said = h("span.wrong", { id: unique("said") });
  control.id ||= unique(key);
  control.setAttribute("name", key);
  control.setAttribute("aria-describedby", said.id);
  return h(`div.cell.${key.replaceAll("_", "-")}`, { "data-key": key }, h("label", { for: control.id }, words), control, said);
}

/** A row of cells. @param {string} kind  @param {...Node} inside */
export const rowOf = (kind, ...inside) => h(`div.of-${kind}`, null, ...inside, h("span.wrong", null));
