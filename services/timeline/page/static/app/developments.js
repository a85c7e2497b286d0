/** The developments of a place: what was said to have happened, with chains, denials, verdicts and figures when opened. */

import { h, outward } from "./elements.js";
import { knownThen } from "./question.js";
import { json } from "./service.js";
import { sourceNames } from "./sources.js";
import { set, state } from "./store.js";
import { brief, tell } from "./times.js";
import { toast } from "./toast.js";
import { actorName } from "./world.js";
import { filled, listed, texts } from "./words.js";

/** Those at a place as known at the state's known time, first occurred first. @param {string} place */
export async function developments(place) {
  const { developments: those } = await json("/v1/developments", { location: place, view: state.view, ...knownThen(), limit: 200 });
  those.sort((a, b) => Date.parse(a.occurred.start) - Date.parse(b.occurred.start));
  if (!those.length) return h("p.quiet", null, texts.panel.no_developments);
  return h("ol.developments", null, ...those.map(entry));
}

function entry(one) {
  const open = async (event) => {
    const box = event.target;
    if (!box.open || box.dataset.filled) return;
    box.dataset.filled = "yes";
    box.append(await trail(one));
  };
  const { report, reports, denial, denials } = texts.panel;
  const said = [[one.reports, report, reports], [one.denials, denial, denials]].filter(([n]) => n);
  const counts = said.map(([n, single, many]) => (n === 1 ? single : filled(many, { n }))).join(", ");
  return h("li", null, h("details", { ontoggle: open },
    h("summary", null,
      h("span.chip", null, texts.standing[one.standing] ?? one.standing), " ",
      h("b", null, texts.kinds[one.kind] ?? one.kind), " ", h("span.quiet", null, `${brief(Date.parse(one.occurred.start))} · ${counts}`),
      h("span.said", null, one.summary))));
}

/** @param {any} one */
async function trail(one) {
  const asked = json(`/v1/developments/${one.development_id}`, { view: state.view, ...knownThen() });
  const [sources, whole] = await Promise.all([sourceNames(), asked]);
  return h("div.trail", null,
    whole.figures.length ? h("p", null, `${texts.panel.figures}: ${whole.figures.map(figure).join("; ")}`) : null,
    h("ol", null, ...whole.trail.map((each) => step(each, sources))),
    h("div.take", null,
      h("button", { type: "button", onclick: () => go(one) }, texts.panel.go),
      h("button", { type: "button", onclick: () => set({ as: "audit", development: one.development_id }) }, texts.panel.audit_one)));
}

function go(one) {
  const before = { at: state.at, known: state.known, follow: state.follow };
  const at = Math.min(Date.parse(one.occurred.end), Math.max(Date.parse(one.occurred.start), Date.parse(one.published_at)));
  set({ at });
  toast(filled(texts.panel.went, { when: tell(at) }), texts.panel.undo, () => set(before));
}

/** @param {any} one  @param {Map<string, string>} sources */
function step(one, sources) {
  const { event } = one;
  const report = event.report;
  const who = report ? chain(report, sources) : event.analyst ?? sources.get(event.source_id) ?? "";
  const text = event.reasoning || event.reason || "";
  return h("li", null,
    h("b", null, event.type.replace(/^Development/, "").replace(/([a-z])([A-Z])/g, "$1 $2")), who ? ` ${who}` : "",
    event.credibility ? ` (${event.credibility})` : "", " ",
    h("span.quiet", null, `${tell(Date.parse(one.known_at))} → ${texts.standing[one.standing] ?? one.standing}`),
    text ? h("span.said", null, text) : null, report?.url ? outward(report.url, report.url) : null);
}

/** Who carried it, outermost first. */
function chain(report, sources) {
  const names = report.chain.map((id) => sources.get(id) || id);
  return names.join(" ← ") + (report.unnamed_end ? ` ← “${report.unnamed_end}”` : "");
}

/** A figure with its bounds, as it was said. */
export function figure(one) {
  const n = (value) => (value ?? 0).toLocaleString("en");
  const said = filled(texts.figure[one.relation] ?? "{n}", { n: n(one.best ?? one.low ?? one.high), low: n(one.low), high: n(one.high) });
  const group = one.group ? filled(texts.figure.group, { group: listed([actorName(one.group)]) }) : "";
  return `${said} ${one.of}${group}`;
}
