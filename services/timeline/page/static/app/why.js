/** Why: what decides in three lines, then every claim that was considered, with what each statement weighed. */

import { h, outward } from "./elements.js";
import { age, tell } from "./times.js";
import { filled, texts } from "./words.js";

const ORDER = ["basis", "pending", "conflicting", "ignored"];

/** @param {any} explanation  the answer of `/v1/locations/{id}/explain` */
export function why(explanation) {
  const of = explanation.claims.filter((one) => one.facet === "control");
  const basis = of.find((one) => one.part === "basis");
  const rest = ORDER.slice(1).flatMap((part) => of.filter((one) => one.part === part).reverse());
  const lines = [...(basis ? [basis] : []), ...rest].slice(0, 3);
  return [
    h("p.age", null, ageOf(basis, Date.parse(explanation.at))),
    h("h3", null, texts.panel.why),
    lines.length ? h("ol.why", null, ...lines.map(line)) : null,
    h("details", null,
      h("summary", null, filled(texts.panel.why_more, { n: explanation.claims.length })),
      h("p.policy", null, `${filled(texts.panel.rule, { policy: explanation.policy })}. ${explanation.policy_words}`),
      h("ol.claims", null, ...explanation.claims.slice().reverse().map(claim))),
  ].filter(Boolean);
}

function ageOf(basis, at) {
  if (!basis) return texts.age.none;
  const took = Date.parse(basis.takes_effect);
  return filled(texts.age.basis, { when: tell(took), age: age(at - took) });
}

const part = (one) => h(`span.chip.${one.part === "basis" ? "basis" : "other"}`, null, texts.parts[one.part] ?? one.part);

const line = (one) => h("li", null, part(one), " ", one.words);

function claim(one) {
  return h("li", null,
    h("p", null, part(one), " ", h("b", null, one.summary || texts.kinds[one.kind]), " ", h("span.quiet", null, tell(Date.parse(one.takes_effect)))),
    h("p", null, one.words),
    ...one.warnings.map((warning) => h("p.odd", null, warning.message)),
    h("ul", null, ...one.statements.map(statement)));
}

function statement(one) {
  const source = one.url ? [" ", outward(one.url, new URL(one.url, location.href).hostname)] : [];
  return h(`li${one.affirms ? "" : ".denial"}`, null, one.words, h("span.quiet", null, ` ${tell(Date.parse(one.published_at))}`), ...source);
}
