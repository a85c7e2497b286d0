/** The audit page: a status, or a development, down to who said and who recorded what, and the proof of each event checked here. */

import { stamp } from "./address.js";
import { DevelopmentTrail, StatusTrail } from "./audited.js";
import { check } from "./checks.js";
import { h } from "./elements.js";
import { claimed, compared, eventsTable, merged, stepsTable } from "./ledger.js";
import { known } from "./question.js";
import { Told, address, ask } from "./service.js";
import { set, state } from "./store.js";
import { tell } from "./times.js";
import { numberOf, world } from "./world.js";
import { filled, texts } from "./words.js";

const count = (/** @type {number} */ number) => number.toLocaleString("en");

export class Audit {
  /** @param {HTMLElement} box */
  constructor(box) {
    this.box = box;
    this.shown = "";
    box.addEventListener("keydown", (event) => event.key === "Escape" && close());
  }

  /** Draw it from the state, if it is to be seen. */
  draw() {
    this.box.hidden = state.as !== "audit";
    const key = JSON.stringify([state.place, state.development, state.at, known(), state.view]);
    if (this.box.hidden || key === this.shown) return;
    this.shown = key;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.#fill(key).catch((error) => this.#failed(key, error)), 200);
  }

  async #fill(key) {
    const about = state.development;
    if (!about && numberOf(state.place) < 0) return this.box.replaceChildren(...back(), h("p.quiet", null, texts.panel.choose));
    const asked = { ...(about ? {} : { at: state.at === null ? null : stamp(state.at) }), ...known(), view: state.view };
    const trail = about ? new DevelopmentTrail(about, asked) : new StatusTrail(state.place ?? "", asked);
    await trail.more();
    if (this.shown !== key) return;
    this.#put(trail);
    this.box.scrollTop = 0;
  }

  /** @param {string} key  @param {Error} error */
  #failed(key, error) {
    if (this.shown !== key) return;
    this.shown = ""; // asked again with the next step
    this.box.replaceChildren(...back(), h("p.wrong", { role: "alert" }, error.message));
    if (!(error instanceof Told)) throw error;
  }

  /** @param {StatusTrail | DevelopmentTrail} trail */
  #put(trail) {
    const words = texts.audit;
    const rows = trail.rows;
    const result = h("div.verdict", { role: "status" });
    const unshown = [...(trail.next ? [filled(wordsOf(trail).unshown, { n: count(trail.all - trail.shown) })] : []),
      ...(trail instanceof StatusTrail && trail.leftOut ? [filled(words.left_out, { n: count(trail.leftOut) })] : [])].join(" ");
    const place = trail instanceof StatusTrail ? state.place : trail.first.development.location_id;
    const tools = h("div.take", null,
      h("button.strong", { type: "button", onclick: () => check(rows, unshown, result) }, words.check),
      h("button", { type: "button", onclick: () => takeBundle(place, result) }, trail instanceof StatusTrail ? words.bundle : filled(words.bundle_of, { place: nameOf(place) })));
    this.box.replaceChildren(...back(), ...(trail instanceof StatusTrail ? ofStatus(trail, tools, result) : ofDevelopment(trail, tools, result)),
      this.#more(trail, unshown),
      h("h3", null, words.means), h("ul.means", null, h("li", null, words.proved), h("li", null, words.attested), h("li", null, words.not_covered)));
  }

  /** How much of it is shown, and the way to the rest. */
  #more(trail, unshown) {
    const words = wordsOf(trail);
    if (!unshown) return h("p.quiet", null, "");
    const button = h("button", { type: "button", onclick: () => this.#next(trail, button) }, texts.audit.more);
    return h("p.more", null, filled(words.shown, { n: count(trail.shown), all: count(trail.all) }), " ", unshown, " ", trail.next ? button : null);
  }

  async #next(trail, button) {
    button.setAttribute("aria-disabled", "true");
    const key = this.shown;
    const [before, above] = [trail.rows.length, this.box.scrollTop];
    await trail.more();
    if (this.shown !== key) return;
    this.#put(trail);
    this.box.scrollTop = above;
    this.box.querySelectorAll("tr.event")[before]?.querySelector("th")?.focus({ preventScroll: true });
  }
}

const wordsOf = (trail) => texts.audit[trail instanceof StatusTrail ? "claims" : "steps"];
const nameOf = (/** @type {string} */ place) => world.places.names[numberOf(place)] ?? place;

const close = () => set({ as: "map" });

/** Out of the audit, and from a development to the status that it bears on. */
function back() {
  const out = h("button.close", { type: "button", "aria-label": texts.audit.close, onclick: close }, "×");
  if (!state.development || numberOf(state.place) < 0) return [out];
  return [out, h("button.back", { type: "button", onclick: () => set({ development: null }) }, filled(texts.audit.back, { place: nameOf(state.place ?? "") }))];
}

/** @param {StatusTrail} trail */
function ofStatus(trail, tools, result) {
  const [words, review] = [texts.audit, trail.first];
  return [
    h("h2", null, filled(words.title, { place: review.name })), h("p", null, review.sentence), h("p.quiet", null, review.policy_words), tools, result,
    h("h3", null, words.compared), compared(review),
    h("h3", null, filled(trail.next ? words.events_shown : words.events, { n: count(trail.rows.length) })), eventsTable(trail.rows),
  ];
}

/** @param {DevelopmentTrail} trail */
function ofDevelopment(trail, tools, result) {
  const { development: one, claimed: versions, merged: others } = trail.first;
  const words = texts.audit;
  const happened = filled(words.happened, {
    kind: texts.kinds[one.kind] ?? one.kind, place: nameOf(one.location_id), from: tell(Date.parse(one.occurred.start)), until: tell(Date.parse(one.occurred.end)),
  });
  return [
    h("h2", null, filled(words.title_of, { kind: texts.kinds[one.kind] ?? one.kind, place: nameOf(one.location_id) })),
    h("p.said", null, one.summary), h("p.quiet", null, happened), h("p.quiet", null, h("code", null, one.development_id)), tools, result,
    ...(versions.length ? [h("h3", null, words.claimed), claimed(versions)] : []), ...(others.length ? [h("h3", null, words.merged), merged(others)] : []),
    h("h3", null, filled(words.trail, { n: count(trail.all) })), stepsTable(trail.rows),
  ];
}

/** The bundle of a status, at the state's times. @param {string | null} place  @param {HTMLElement} box */
async function takeBundle(place, box) {
  const asked = { at: state.at === null ? null : stamp(state.at), ...known(), view: state.view };
  try {
    const answer = await ask(address(`/v1/audit/bundles/${encodeURIComponent(place ?? "")}`, asked), { method: "POST" });
    const link = /** @type {HTMLAnchorElement} */ (h("a", { href: URL.createObjectURL(await answer.blob()), download: `${place}.zip` }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  } catch (error) {
    box.replaceChildren(h("p.wrong", { role: "alert" }, error instanceof Error ? error.message : String(error)));
  }
}
