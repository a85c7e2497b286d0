/** The chain of a report: who carried it, outermost first, out of the registered sources; one that is not there is registered in place. */

import { filled, texts } from "../words.js";
import { Chips } from "./chips.js";
import { group } from "./fields.js";
import { fetchSources, held, sourceName } from "./held.js";
import { newSource } from "./newsource.js";
import { matching } from "./picker.js";

export class Chain {
  /** @param {string} path */
  constructor(path) {
    const words = texts.desk;
    const open = (name) => {
      this.form?.remove();
      this.form = newSource(name, { done: (id) => this.#registered(id), left: () => this.chips.focus() });
      this.chips.box.after(this.form);
      /** @type {HTMLElement} */ (this.form.querySelector("input")).focus();
    };
    this.chips = new Chips({
      label: words.find_source, none: words.no_source, ordered: true, nameOf: sourceName,
      find: (text) => matching(held.sources.map(offered), text),
      other: { words: (name) => filled(words.register_it, { name }), take: open },
    });
    this.chips.picker.input.setAttribute("name", "chain");
    this.chips.picker.input.addEventListener("focus", () => fetchSources().catch(() => {}));
    this.box = group("chain", path, this.chips.box);
  }

  /** @returns {string[]} */
  value() {
    return this.chips.ids;
  }

  #registered(id) {
    this.form?.remove();
    this.chips.add(id);
  }
}

/** A source as it is offered. @param {import("./held.js").Source} one */
const offered = (one) => ({ id: one.source_id, name: one.name, note: `${one.source_id} · ${one.reliability}` });
