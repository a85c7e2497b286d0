/** Some of many, in an order of their own, as chips: found by name, moved and taken out by keyboard, pointer or finger. */

import { h } from "../elements.js";
import { filled, texts } from "../words.js";
import { picker } from "./picker.js";

/** @typedef {import("./picker.js").Offered} Offered */

export class Chips {
  /**
   * @param {object} wanted
   * @param {string} wanted.label  of the field that finds more
   * @param {string} wanted.none
   * @param {(text: string) => Offered[]} wanted.find
   * @param {(id: string) => string} wanted.nameOf
   * @param {number} [wanted.most]
   * @param {boolean} [wanted.ordered]  whether the order means something, outermost first
   * @param {{words: (text: string) => string, take: (text: string) => void}} [wanted.other]
   */
  constructor({ label, none, find, nameOf, most = 20, ordered = false, other }) {
    Object.assign(this, { nameOf, most, ordered });
    /** @type {string[]} */
    this.ids = [];
    this.list = h("ol.chosen", null);
    this.told = h("span.unseen", { role: "status" });
    const left = (text) => find(text).filter((one) => !this.ids.includes(one.id));
    this.picker = picker({ label, none, find: left, take: (one) => this.add(one.id), back: () => this.#remove(this.ids.length - 1), other });
    this.box = h("div.chips", null, this.list, this.picker.box, this.told);
    this.#draw();
  }

  /** @param {string} id */
  add(id) {
    if (this.ids.includes(id) || this.ids.length >= this.most) return;
    this.set([...this.ids, id]);
    this.#changed(filled(texts.desk.stands, { name: this.nameOf(id), n: this.ids.length, all: this.ids.length }));
    this.focus();
  }

  /** @param {string[]} ids */
  set(ids) {
    this.ids = [...ids];
    this.#draw();
  }

  focus() {
    if (this.ids.length < this.most) this.picker.input.focus();
    else /** @type {HTMLElement | null} */ (this.list.querySelector("button.out"))?.focus();
  }

  #remove(index) {
    const [gone] = this.ids.splice(index, 1);
    if (gone === undefined) return;
    this.#draw();
    this.#changed(filled(texts.desk.gone, { name: this.nameOf(gone) }));
    this.focus();
  }

  /** Move one by a step; the focus stays on it. */
  #move(index, step) {
    const to = index + step;
    [this.ids[index], this.ids[to]] = [this.ids[to], this.ids[index]];
    this.#draw();
    this.#changed(filled(texts.desk.stands, { name: this.nameOf(this.ids[to]), n: to + 1, all: this.ids.length }));
    const buttons = /** @type {HTMLButtonElement[]} */ ([...this.list.children[to].querySelectorAll(step < 0 ? "button.outwards, button.inwards" : "button.inwards, button.outwards")]);
    const same = buttons.find((one) => one.matches(step < 0 ? ".outwards" : ".inwards"));
    (same && !same.disabled ? same : buttons.find((one) => !one.disabled))?.focus();
  }

  #changed(words) {
    this.told.textContent = words;
    this.box.dispatchEvent(new Event("change", { bubbles: true }));
  }

  #draw() {
    this.list.hidden = !this.ids.length;
    this.list.replaceChildren(...this.ids.map((id, index) => this.#chip(id, index)));
    this.picker.box.hidden = this.ids.length >= this.most;
  }

  #chip(id, index) {
    const [name, last, words] = [this.nameOf(id), this.ids.length - 1, texts.desk];
    const button = (kind, sign, label, press, disabled = false) =>
      h(`button.${kind}`, { type: "button", "aria-label": filled(label, { name }), title: filled(label, { name }), disabled, onclick: press }, sign);
    const moves = this.ordered && last > 0
      ? [button("outwards", "◂", words.outwards, () => this.#move(index, -1), index === 0), button("inwards", "▸", words.inwards, () => this.#move(index, 1), index === last)]
      : [];
    const part = this.ordered && last > 0 ? (index === 0 ? words.publisher : index === last ? words.origin : "") : "";
    return h("li", { "data-id": id }, h("span.who", { dir: "auto" }, name), part ? h("span.quiet", null, part) : null, ...moves, button("out", "×", words.take_out, () => this.#remove(index)));
  }
}
