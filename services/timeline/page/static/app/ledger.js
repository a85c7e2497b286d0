/** The tables of the audit page: events with who recorded them and their leaves, steps with the rule after each, then beside today. */

import { h } from "./elements.js";
import { set } from "./store.js";
import { tell } from "./times.js";
import { actorName, numberOf, world } from "./world.js";
import { filled, says, texts } from "./words.js";

/** @typedef {import("./audited.js").Row} Row */

/** The events behind a status. @param {Row[]} rows */
export function eventsTable(rows) {
  const words = texts.audit;
  return listed([words.position, words.event, words.recorded, words.by, words.leaf, words.proof], rows, (one) => [event(one), ...recorded(one)]);
}

/** The steps of a development: who said what, and what followed from it. @param {Row[]} rows */
export function stepsTable(rows) {
  const words = texts.audit;
  return listed([words.position, words.event, words.known, words.after, words.recorded, words.by, words.leaf, words.proof], rows, (one) => [
    event(one), h("td", null, tell(Date.parse(one.step.known_at))),
    h("td", null, h("b", null, texts.standing[one.step.standing] ?? one.step.standing), h("span.rule", null, one.step.rule_words)), ...recorded(one)]);
}

/** What a development ever claimed, version by version. */
export function claimed(versions) {
  const words = texts.audit;
  const line = (one) => h("tr", null,
    h("th", { scope: "row" }, tell(Date.parse(one.known_from))), h("td", null, one.known_until ? tell(Date.parse(one.known_until)) : words.further),
    h("td", null, `${world.places.names[numberOf(one.location_id)] ?? one.location_id}: ${says(one, actorName)}`),
    h("td", null, texts.standing[one.standing] ?? one.standing), h("td", null, words.bearing[one.bearing] ?? one.bearing));
  return scrolled(words.claimed, table([words.from, words.until, words.claim, words.standing, words.bears], versions.map(line)));
}

/** Developments that were merged into this one. */
export function merged(others) {
  const line = (one) => h("li", null, h("button.link", { type: "button", onclick: () => set({ development: one.development_id }) }, one.summary || one.development_id));
  return h("ul", null, ...others.map(line));
}

/** What was answered then, and what would be today. */
export function compared({ compared: both }) {
  const words = texts.audit;
  if (!both) return h("p", null, "");
  const side = (label, one) => h("div", null, h("p.quiet", null, label), h("p", null, one.sentence));
  const changed = both.changed_by.map((one) => h("li", null, h("b", null, tell(Date.parse(one.known_at))), ` ${one.words}`, h("ul", null, ...one.causes.map((each) => h("li", null, each.words)))));
  const before = both.left_out ? [h("p.quiet", null, filled(words.earlier_steps, { n: both.left_out.toLocaleString("en") }))] : [];
  return h("div", null, h("div.sides", null, side(words.then, both.then), side(words.today, both.today)), ...before, h("ol.changes", null, ...changed));
}

/** @param {string[]} heads  @param {Row[]} rows  @param {(one: Row) => Node[]} cells */
function listed(heads, rows, cells) {
  const line = (one) => h("tr.event", null, h("th", { scope: "row", tabindex: -1 }, one.position.toLocaleString("en")), ...cells(one));
  return scrolled(texts.audit.list, table(heads, rows.map(line)));
}

const table = (heads, lines) =>
  h("table", null, h("thead", null, h("tr", null, ...heads.map((one) => h("th", { scope: "col" }, one)))), h("tbody", null, ...lines));

const scrolled = (label, inside) => h("div.scroll", { tabindex: 0, role: "region", "aria-label": label }, inside);

/** What an event does, in words, its own reason, and the way to the development that it is about. @param {Row} one */
function event(one) {
  const words = texts.audit;
  const type = one.type.replace(/([a-z])([A-Z])/g, "$1 $2");
  const about = one.development_id && one.about ? h("button.link", { type: "button", onclick: () => set({ development: one.development_id }) }, one.about) : null;
  const notes = [...(one.step && !one.step.heard ? [words.unheard] : []), ...(/** @type {any} */ (one).redacted ? [words.redacted] : [])];
  return h("td", null, h("b", null, type), h("span.said", null, one.words), one.reason ? h("span.said.quiet", null, `“${one.reason}”`) : null,
    ...notes.map((each) => h("span.said.odd", null, each)), about ? h("span.said.quiet", null, `${words.about} `, about) : null);
}

/** @param {Row} one */
const recorded = (one) => [
  h("td", null, tell(Date.parse(one.recorded_at))), h("td", null, one.recorded_by ?? "–"),
  h("td", null, one.leaf_hash ? h("code", { title: one.leaf_hash }, one.leaf_hash.slice(0, 8)) : "–"), h("td", null, one.mark)];
