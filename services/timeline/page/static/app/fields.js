/** The fields of the desk's forms: each with its label, and room for what the service says of it. */

import { h } from "./elements.js";
import { texts } from "./words.js";

/** @param {string} name  @param {HTMLElement} control  @param {string} [hint] */
export function field(name, control, hint) {
  const inner = control.matches("input, select, textarea") ? control : control.querySelector("input") ?? control;
  inner.setAttribute("name", name);
  inner.setAttribute("aria-describedby", `said-${name}`);
  return h("label.field", null, h("span", null, texts.desk[name] ?? name), control, hint ? h("span.quiet", null, hint) : null, h("span.wrong", { id: `said-${name}` }));
}

/** @param {string} [value]  @param {Record<string, unknown>} [more] */
export const text = (value = "", more = {}) => h("input", { type: "text", value, autocomplete: "off", dir: "auto", ...more });

export const area = () => h("textarea", { rows: 2, dir: "auto" });

/** @param {[string, string][]} options  @param {string} [chosen] */
export const choice = (options, chosen) =>
  h("select", null, ...options.map(([value, words]) => h("option", { value, selected: value === chosen }, words)));

/** A moment in UTC as people type it. @param {number} millis */
export const moment = (millis) => text(new Date(millis).toISOString().slice(0, 16).replace("T", " "), { inputmode: "numeric", placeholder: "2024-12-02 15:00" });

/** What was typed as a moment, as the service wants it; what is none is sent as it is, for the service to say so. */
export function stamped(value) {
  const found = Date.parse(`${value.trim().replace(" ", "T")}Z`);
  return Number.isNaN(found) ? value : new Date(found).toISOString();
}

/** Sources by name or id, outermost first, with suggestions. @param {{source_id: string, name: string}[]} sources */
export function chain(sources) {
  const list = h("datalist", { id: "sources" }, ...sources.map((one) => h("option", { value: one.source_id }, one.name)));
  return h("span", null, text("", { list: "sources", name: "chain", placeholder: texts.desk.chain_hint }), list);
}

/** Put what the service says of each field beside it; what no field is of is returned. */
export function tellErrors(form, errors) {
  for (const one of form.querySelectorAll(".field .wrong")) one.textContent = "";
  return errors.filter((error) => {
    const name = NAMES.find(([path]) => error.field.startsWith(path))?.[1] ?? error.field;
    const place = form.querySelector(`[id="said-${CSS.escape(name)}"]`);
    if (place) place.textContent = error.message;
    return !place;
  });
}

/** Where a path of the service belongs on the form. */
const NAMES = [
  ["report.chain", "chain"], ["report.published_at", "published_at"], ["report.credibility", "credibility"], ["report.url", "url"],
  ["report.unnamed_end", "unnamed_end"], ["occurred.start", "start"], ["occurred.end", "end"], ["occurred", "start"], ["participants", "participants"],
  ["changes", "summary"], ["assessed_at", "said_at"], ["retracted_at", "said_at"], ["amended_at", "said_at"],
];
