/** Developments that look like the one that is typed: to be corroborated, or merged with, rather than recorded a second time. */

import { h } from "../elements.js";
import { brief, DAY } from "../times.js";
import { filled, texts } from "../words.js";
import { sourceName, stands } from "./held.js";

/** @typedef {{development_id: string, kind?: string, summary?: string, standing: string | null, occurred: {start: string, end: string}, sources: string[]}} Alike */

/** Of those held, the ones of a kind whose period lies within a day of another. @param {any[]} developments  @param {{kind: string, start: string, end: string}} wanted */
export function near(developments, { kind, start, end }) {
  const [from, until] = [Date.parse(start), Date.parse(end)];
  if (Number.isNaN(from) || Number.isNaN(until)) return [];
  return developments.filter((one) => stands(one) && one.kind === kind && Date.parse(one.occurred.start) < until + DAY && Date.parse(one.occurred.end) > from - DAY);
}

/** Those that a warning of the service names, as they are held where they are. @param {any[]} warnings  @param {any[]} developments  @returns {Alike[]} */
export function candidates(warnings, developments) {
  return warnings.flatMap((one) => one.candidates ?? []).map((one) => developments.find((each) => each.development_id === one.development_id) ?? {
    development_id: one.development_id, standing: one.standing, occurred: { start: one.occurred_start, end: one.occurred_end }, sources: one.sources,
  });
}

/**
 * Them as a list, each with what can be done instead.
 * @param {Alike[]} found  @param {[string, (one: Alike) => void][]} offers  words and deed of each button
 */
export function offered(found, offers) {
  if (!found.length) return [];
  return [h("h3", null, texts.desk.alike), h("ul.alikes", null, ...found.slice(0, 5).map((one) => entry(one, offers)))];
}

function entry(one, offers) {
  const said = summaryOf(one);
  return h("li", null, h("p", null, one.standing ? h("span.chip", null, texts.standing[one.standing] ?? one.standing) : null, " ", h("b", { dir: "auto" }, said), " ",
    h("span.quiet", null, `${brief(Date.parse(one.occurred.start))} · ${one.sources.map(sourceName).join(", ")}`)),
    h("div.actions", null, ...offers.map(([words, deed]) => h("button", { type: "button", onclick: () => deed(one) }, filled(words, { what: said })))));
}

/** What a development says, or its kind where it says nothing. @param {{summary?: string, kind?: string, development_id: string}} one */
export const summaryOf = (one) => one.summary || texts.kinds[one.kind ?? ""] || one.kind || one.development_id;
