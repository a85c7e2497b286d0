/** Who had which role: rows of a role of the chosen kind and an actor. A row without an actor is left out. */

import { h } from "../elements.js";
import { world } from "../world.js";
import { filled, texts } from "../words.js";
import { choice, plain } from "./fields.js";
import { held } from "./held.js";
import { Rows, cell, rowOf } from "./rows.js";

/** So many rows are laid out for a kind before anything is chosen. */
const MOST = 3;

export class Participants extends Rows {
  constructor() {
    super("participants", "participants", (given) => this.#row(given));
    this.kind = held.vocabulary.kinds[0];
  }

  /** Offer the roles of a kind alone. Who was chosen stays, and their role where the kind has it. @param {string} name */
  of(name) {
    this.kind = held.vocabulary.kinds.find((one) => one.kind === name);
    const needs = [...Object.keys(this.kind.required).map(plain), ...(this.kind.any_of.length ? [this.kind.any_of.map(plain).join(` ${texts.desk.or} `)] : [])];
    this.hint.textContent = needs.length ? filled(texts.desk.needs, { roles: needs.join(", ") }) : "";
    if (!this.value().length) return this.set(this.#roles().map((role) => ({ role })));
    for (const row of this.rows) /** @type {any} */ (row).offer();
  }

  /** A role for each row to begin with: what the kind needs first. */
  #roles() {
    const { required, roles } = this.kind;
    const needed = Object.entries(required).flatMap(([role, least]) => Array(least).fill(role));
    return [...needed, ...roles.filter((role) => !(role in required))].slice(0, Math.max(MOST, needed.length));
  }

  #row(given = {}) {
    let wanted = given.role;
    const role = choice([]);
    const actor = choice([["", "–"], ...world.places.actors.map((one) => [one.id, one.name])], given.actor_id);
    if (given.actor_id && actor.value !== given.actor_id) actor.append(h("option", { value: given.actor_id, selected: true }, given.actor_id));
    const offer = () => {
      const { roles } = this.kind;
      role.replaceChildren(...roles.map((one) => h("option", { value: one, selected: one === wanted }, plain(one))));
    };
    role.addEventListener("change", () => (wanted = role.value));
    offer();
    const value = () => (actor.value ? { actor_id: actor.value, role: role.value } : null);
    return { box: rowOf("participant", cell("role", role), cell("actor_id", actor, texts.desk.actor)), value, offer };
  }
}
