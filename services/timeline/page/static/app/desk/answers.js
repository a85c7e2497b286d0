/** What the service answers at the desk, told in its own words: recorded, warned, refused, overtaken. */

import { h } from "../elements.js";
import { Told } from "../service.js";
import { filled, texts } from "../words.js";
import { candidates, offered } from "./alikes.js";
import { tellErrors } from "./errors.js";
import { wrongWords } from "./fields.js";
import { newer, stepsOf } from "./looked.js";

/** Warnings as they are. @param {any[]} warnings */
export const warned = (warnings) => (warnings.length ? [h("ul.warnings", null, ...warnings.map((one) => h("li", null, one.message)))] : []);

/** It is recorded. @param {any} answer  @param {any[]} developments  @param {[string, (one: any) => void][]} offers  for what looks the same */
export function recorded(answer, developments, offers) {
  const warnings = answer.warnings ?? [];
  const words = filled(answer.again ? texts.desk.again : texts.desk.done, { position: answer.position.toLocaleString("en") });
  return [h("p.good", null, words), ...warned(warnings), ...offered(candidates(warnings, developments), offers)];
}

/**
 * It is refused, or was not answered: what is wrong with a field stands beside it, what is left is told here.
 * @param {HTMLElement} form  @param {unknown} error
 */
export function refused(form, error) {
  if (!(error instanceof Told)) return [h("p.wrong", { role: "alert" }, error instanceof TypeError ? texts.desk.lost : String(error instanceof Error ? error.message : error))];
  return problem(form, error.problem);
}

/** A problem as the service tells it. @param {HTMLElement} form  @param {any} said  @param {string} [title] */
export function problem(form, said, title = `${said.title}.`) {
  const errors = said.errors ?? [];
  const left = tellErrors(form, errors);
  const beside = errors.length - left.length;
  const rest = errors.length ? left.map((one) => (one.field ? `${one.field}: ${one.message}` : one.message)) : [said.detail].filter(Boolean);
  return [h(`p.wrong${beside === errors.length && beside ? ".beside-fields" : ""}`, { role: "alert" }, `${title} ${beside ? wrongWords(beside) : ""}`.trim()), ...rest.map((one) => h("p", null, one))];
}

/** Somebody was quicker: what they recorded. @param {import("./looked.js").Looked} before  @param {import("./looked.js").Looked} now */
export function overtaken(before, now) {
  const steps = newer(before, now);
  return [h("p.wrong", { role: "alert", tabindex: -1 }, texts.desk.overtaken), ...(steps.length ? [h("h3", null, texts.desk.meanwhile), stepsOf(steps)] : [])];
}
