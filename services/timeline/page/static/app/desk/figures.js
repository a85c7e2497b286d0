/** Numbers as they were said: killed, displaced and the like, each with its bounds and whom it counts. */

import { world } from "../world.js";
import { texts } from "../words.js";
import { choice, text } from "./fields.js";
import { held } from "./held.js";
import { Rows, cell, rowOf } from "./rows.js";

/** Which of low, best and high each way of saying a number takes. */
const BOUNDS = { exact: ["best"], at_least: ["low"], at_most: ["high"], about: ["best"], range: ["low", "high"] };

export class Figures extends Rows {
  constructor() {
    super("figures", "figures", row);
  }
}

/** @param {any} [given]  what the form has no field for (a running total, derived) is kept as it is */
function row(given = {}) {
  const of = text(given.of ?? "", { placeholder: texts.desk.of_hint });
  const relation = choice(held.vocabulary.relations.map((one) => [one, texts.desk.relations[one] ?? one]), given.relation ?? "exact");
  const number = (key) => text(given[key] ?? "", { inputmode: "numeric", dir: "ltr" });
  const cells = Object.fromEntries(["low", "best", "high"].map((key) => [key, cell(key, number(key))]));
  const group = text(given.group ?? "", { list: actorList() });
  const show = () => {
    for (const [key, box] of Object.entries(cells)) box.hidden = !BOUNDS[relation.value].includes(key) && !inputOf(box).value;
  };
  relation.addEventListener("change", show);
  show();
  const value = () => {
    const bounds = Object.fromEntries(Object.entries(cells).map(([key, box]) => [key, numberOf(inputOf(box).value)]));
    if (!of.value.trim() && Object.values(bounds).every((one) => one === null)) return null;
    return { ...given, of: of.value.trim(), ...bounds, relation: relation.value, group: group.value.trim() || null };
  };
  return { box: rowOf("figure", cell("of", of), cell("relation", relation), ...Object.values(cells), cell("group", group)), value };
}

/** @returns {HTMLInputElement} */
const inputOf = (box) => box.querySelector("input");

/** A whole number as it was typed; what is none is sent as it is, for the service to say so. @param {string} typed */
function numberOf(typed) {
  const digits = typed.replace(/[\s,'’]/g, "");
  if (!digits) return null;
  return /^\d{1,15}$/.test(digits) ? Number(digits) : typed;
}

/** The actors as suggestions, once for the page. */
function actorList() {
  const id = "desk-actors";
  if (!document.getElementById(id)) {
    const list = document.createElement("datalist");
    list.id = id;
    list.append(...world.places.actors.map((one) => Object.assign(document.createElement("option"), { value: one.id, textContent: one.name })));
    document.body.append(list);
  }
  return id;
}
