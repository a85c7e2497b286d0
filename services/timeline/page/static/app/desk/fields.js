/** The fields of the desk's forms: each with its label, the place in the event that it fills, and room for what the service says. */

import { h } from "../elements.js";
import { tell } from "../times.js";
import { filled, texts } from "../words.js";
import { moments } from "../world.js";

let made = 0;

/** An id that no other element has. @param {string} stem */
export const unique = (stem) => `${stem}-${(made += 1)}`;

/**
 * One control under its label.
 * @param {string} name  its name, and the key of its label
 * @param {HTMLElement} control
 * @param {{path?: string, hint?: HTMLElement | string}} [more]  `path`: where it stands in the event, as the service names it
 */
export function field(name, control, more = {}) {
  const said = h("span.wrong", { id: unique("said") });
  const hint = more.hint ? h("span.quiet.hint", { id: unique("hint") }, more.hint) : null;
  control.id ||= unique(name);
  control.setAttribute("name", name);
  control.setAttribute("aria-describedby", [hint?.id, said.id].filter(Boolean).join(" "));
  return h("div.field", { "data-path": more.path ?? name }, h("label", { for: control.id }, texts.desk[name] ?? name), control, hint, said);
}

/** Several controls under one legend. @param {string} name  @param {string} path  @param {...(Node | null)} inside */
export function group(name, path, ...inside) {
  const said = h("span.wrong", { id: unique("said") });
  return h(`fieldset.field.${name.replaceAll("_", "-")}`, { "data-path": path, "aria-describedby": said.id }, h("legend", null, texts.desk[name]), ...inside, said);
}

/** @param {string} [value]  @param {Record<string, unknown>} [more] */
export const text = (value = "", more = {}) =>
  /** @type {HTMLInputElement} */ (h("input", { type: "text", value, autocomplete: "off", dir: "auto", ...more }));

export const area = (value = "") => {
  const box = /** @type {HTMLTextAreaElement} */ (h("textarea", { rows: 2, dir: "auto" }));
  box.value = value;
  return box;
};

/** @param {[string, string][]} options  @param {string} [chosen] */
export const choice = (options, chosen) =>
  /** @type {HTMLSelectElement} */ (h("select", null, ...options.map(([value, words]) => h("option", { value, selected: value === chosen }, words))));

/** Words for a name of a closed list. @param {string} name */
export const plain = (name) => name.replaceAll("_", " ");

/** A field for a moment in UTC as people type it, with the place's own time below. @param {string} name  @param {string} path  @param {string | null} [at]  RFC 3339 */
export function momentField(name, path, at = null) {
  const control = text("", { inputmode: "numeric", placeholder: "2024-12-02 15:00", dir: "ltr" });
  const hint = h("span", null);
  const look = () => (hint.textContent = there(Date.parse(momentOf(control))));
  control.addEventListener("input", look);
  control.addEventListener("shown", look);
  const box = field(name, control, { path, hint });
  showMoment(control, at);
  return box;
}

/** A moment by the clock of the place; nothing where that is UTC. @param {number} millis */
function there(millis) {
  const said = Number.isNaN(millis) ? "" : tell(millis).replace(/ \([^)]*\)$/, "");
  return said.endsWith(" UTC") ? "" : said;
}

/** Put a moment into a field; whoever leaves it as it is sends it as it was. @param {HTMLInputElement} control  @param {string | null} at */
export function showMoment(control, at) {
  const shown = at ? at.replace("T", " ").replace(/(:00)?(\.0+)?Z$/, "") : "";
  control.value = shown;
  [control.dataset.shown, control.dataset.given] = [shown, at ?? ""];
  control.dispatchEvent(new Event("shown"));
}

/** Suggest a moment, unless another was typed. @param {HTMLInputElement} control  @param {number} millis */
export function suggestMoment(control, millis) {
  if (control.value.trim() === (control.dataset.shown ?? "")) showMoment(control, new Date(millis).toISOString().replace(".000Z", "Z"));
}

/** The moment that the map shows, to the minute, and no later than now. */
export function minuteOf() {
  const [at] = moments();
  return Math.floor(Math.min(at, Date.now()) / 60_000) * 60_000;
}

const TYPED = /^(\d{4}-\d\d-\d\d)(?:[ T]+(\d\d?:\d\d(?::\d\d(?:\.\d{1,6})?)?))?\s*(Z|UTC|[+-]\d\d:\d\d)?$/i;

/** What was typed as a moment, as the service wants it; what is none is sent as it is, for the service to say so. @param {HTMLInputElement} control */
export function momentOf(control) {
  const typed = control.value.trim();
  if (typed === control.dataset.shown && control.dataset.given) return control.dataset.given;
  const [, day, clock = "00:00", zone = "Z"] = TYPED.exec(typed) ?? [];
  if (!day) return typed;
  const found = Date.parse(`${day}T${clock.padStart(clock.indexOf(":") === 1 ? clock.length + 1 : 0, "0")}${zone.toUpperCase() === "UTC" ? "Z" : zone.toUpperCase()}`);
  return Number.isNaN(found) ? typed : new Date(found).toISOString().replace(".000Z", "Z");
}

/** The control of a field. @param {HTMLElement} box  @returns {any} */
export const controlOf = (box) => box.querySelector("input, select, textarea");

/** What stands in a field. @param {HTMLElement} box  @returns {string} */
export const valueOf = (box) => controlOf(box).value.trim();

/** What is empty is left out. @template T @param {Record<string, T>} object */
export const given = (object) => Object.fromEntries(Object.entries(object).filter(([, one]) => one !== "" && one !== null && one !== undefined));

/** A box that opens for what few need. @param {string} words  @param {...Node} inside */
export const folded = (words, ...inside) => h("details.folded", null, h("summary", null, words), h("div.inside", null, ...inside));

/** @param {number} n */
export const wrongWords = (n) => (n === 1 ? texts.desk.wrong_one : filled(texts.desk.wrong_many, { n }));
