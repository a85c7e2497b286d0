/** The desk: what happened, what others say of it, and verdicts are recorded here, with the service's own words where it refuses or warns. */

import { h } from "../elements.js";
import { askForKey } from "../keyform.js";
import { set, state } from "../store.js";
import { numberOf, world } from "../world.js";
import { filled, listed, texts } from "../words.js";
import { developmentsOf, fetchHeld, whoAmI } from "./held.js";
import { signed } from "./recording.js";
import { Sheet } from "./sheet.js";
import { Table } from "./table.js";

/** What others record is asked for no more often than this. */
const PAUSE = 1500;

export class Desk {
  /** @param {HTMLElement} box */
  constructor(box) {
    this.box = box;
    this.shown = "";
    /** The tables of the places that were written about; what is typed on them stays. @type {Map<string, Table>} */
    this.tables = new Map();
    this.fresh = 0;
    this.waiting = 0;
    this.#ask();
  }

  /** Draw it where it is to be seen: what somebody types is never thrown away by a step, by news, or by a look elsewhere. */
  draw() {
    this.box.hidden = state.as !== "desk";
    if (this.box.hidden) return;
    if (this.shown !== state.place) {
      this.shown = state.place ?? "";
      this.#open(this.shown).catch((error) => this.box.replaceChildren(h("p.wrong", { role: "alert" }, error.message)));
    } else this.#news();
  }

  /** Learn who asks; whoever may not record is not shown the way to the desk. */
  async #ask() {
    this.who = whoAmI().catch(() => null);
    const who = await this.who;
    document.body.classList.toggle("may-not-record", who !== null && !who.rights.includes("report"));
  }

  /** @param {string} place */
  async #open(place) {
    if (numberOf(place) < 0) return this.box.replaceChildren(h("p.quiet", null, texts.panel.choose));
    const who = await this.who;
    if (place !== this.shown) return;
    if (who && !who.rights.includes("report")) return this.box.replaceChildren(this.#head(place), this.#refusal(who));
    const table = this.tables.get(place) ?? (await this.#laid(place, who));
    this.tables.set(place, table);
    table.sheet.follow();
    if (place !== this.shown) return;
    this.box.replaceChildren(this.#head(place), table.box);
  }

  /** @param {string} place  @param {import("./held.js").Who | null} who */
  async #laid(place, who) {
    const [developments] = await signed(() => Promise.all([developmentsOf(place), fetchHeld()]));
    this.fresh = world.beliefs?.header.known_position ?? 0;
    return new Table(new Sheet(place, developments), who);
  }

  #head(place) {
    const close = h("button.close", { type: "button", "aria-label": texts.desk.close, title: texts.desk.close, onclick: () => set({ as: "map" }) }, "×");
    return h("div.desk-head", null, h("h2", null, filled(texts.desk.title, { place: world.places.names[numberOf(place)] })), close);
  }

  /** @param {import("./held.js").Who} who */
  #refusal(who) {
    const again = async () => {
      await askForKey();
      await this.#ask();
      await this.#open(this.shown);
    };
    const roles = who.roles.length ? listed(who.roles) : texts.desk.no_role;
    return h("div.verdict", null, h("p", { role: "alert" }, filled(texts.desk.may_not, { name: who.name, roles })), h("button", { type: "button", onclick: again }, texts.desk.give_key));
  }

  /** Another moment, or something was recorded: what is offered follows, and nothing that was chosen or typed changes. */
  #news() {
    const table = this.tables.get(this.shown);
    table?.sheet.follow();
    const position = world.beliefs?.header.known_position ?? 0;
    if (!table || position <= this.fresh || this.waiting) return;
    this.fresh = position;
    this.waiting = window.setTimeout(() => {
      this.waiting = 0;
      table.sheet.refresh().catch(() => {}); // it is asked again with the next news
    }, PAUSE);
  }
}
