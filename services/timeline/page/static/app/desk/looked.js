/** A development as it was looked at: what it says, its version, and, where somebody was quicker, what was recorded meanwhile. */

import { h } from "../elements.js";
import { json } from "../service.js";
import { brief, tell } from "../times.js";
import { filled, texts } from "../words.js";
import { sourceName } from "./held.js";

/** A view may be some moments behind the log: it is asked again so often, after so many milliseconds. */
const [AGAIN, PAUSE] = [12, 250];

/** @typedef {{whole: any, version: number}} Looked */

/** Look at a development as it stands. @param {string} id  @param {number} [position]  wait until that is folded  @returns {Promise<Looked>} */
export async function look(id, position) {
  const whole = await json(`/v1/developments/${id}`, { min_position: position });
  return { whole, version: whole.trail.filter((one) => one.event.development_id === id).length };
}

/** Look again, until more is to be seen than before. @param {string} id  @param {Looked} before */
export async function lookAgain(id, before) {
  for (let tries = 0; ; tries += 1) {
    const found = await look(id);
    if (found.version > before.version || tries === AGAIN) return found;
    await new Promise((done) => setTimeout(done, PAUSE));
  }
}

/** The steps of its trail that were not there before. @param {Looked} before  @param {Looked} now */
export function newer(before, now) {
  const seen = new Set(before.whole.trail.map((one) => one.position));
  return now.whole.trail.filter((one) => !seen.has(one.position));
}

/** Those steps as a list. @param {any[]} steps */
export function stepsOf(steps) {
  return h("ol.steps-since", null, ...steps.map((one) => {
    const { event } = one;
    const who = event.report ? event.report.chain.map(sourceName).join(" ← ") : event.analyst ?? (event.source_id ? sourceName(event.source_id) : "");
    const said = event.reasoning || event.reason || event.changes?.summary || "";
    return h("li", null, h("b", null, event.type.replace(/^Development/, "").replace(/([a-z])([A-Z])/g, "$1 $2")), who ? ` ${who}` : "", event.credibility ? ` (${event.credibility})` : "", " ",
      h("span.quiet", null, `${tell(Date.parse(one.recorded_at))}${one.recorded_by ? `, ${one.recorded_by}` : ""} → ${texts.standing[one.standing] ?? one.standing}`),
      said ? h("span.said", { dir: "auto" }, said) : null);
  }));
}

/** What is held of it, in short. @param {Looked} looked */
export function card({ whole }) {
  const { development: one } = whole;
  const { report, reports, denial, denials } = texts.panel;
  const counts = [[one.reports, report, reports], [one.denials, denial, denials]].filter(([n]) => n).map(([n, single, many]) => (n === 1 ? single : filled(many, { n })));
  return h("div.card", null,
    h("p", null, h("span.chip", null, texts.standing[one.standing] ?? one.standing), " ", h("b", { dir: "auto" }, one.summary)),
    h("p.quiet", null, [texts.kinds[one.kind] ?? one.kind, brief(Date.parse(one.occurred.start)), ...counts, one.sources.map(sourceName).join(", ")].join(" · ")));
}
