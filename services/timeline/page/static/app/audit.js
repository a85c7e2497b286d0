/** The audit page: a status down to who recorded what, and the proof of each event checked here, in the browser. */

import { stamp } from "./address.js";
import { h } from "./elements.js";
import { forgetKeys, newestCheckpoint, pinnedKeys, short, signerWords } from "./pinned.js";
import { Refused, checkReceipt } from "./proofs.js";
import { known } from "./question.js";
import { NeedsKey, Told, address, ask, json } from "./service.js";
import { state } from "./store.js";
import { tell } from "./times.js";
import { numberOf } from "./world.js";
import { filled, texts } from "./words.js";

export class Audit {
  /** @param {HTMLElement} box */
  constructor(box) {
    this.box = box;
    this.shown = "";
  }

  /** Draw it from the state, if it is to be seen. */
  draw() {
    this.box.hidden = state.as !== "audit";
    const key = JSON.stringify([state.place, state.at, known(), state.view]);
    if (this.box.hidden || key === this.shown) return;
    this.shown = key;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.#fill(key).catch((error) => this.box.replaceChildren(h("p.wrong", null, error.message))), 200);
  }

  async #fill(key) {
    if (numberOf(state.place) < 0) return this.box.replaceChildren(h("p.quiet", null, texts.panel.choose));
    const asked = { at: state.at === null ? null : stamp(state.at), ...known(), view: state.view };
    const review = await json(`/v1/audit/locations/${encodeURIComponent(state.place ?? "")}`, asked);
    if (this.shown !== key) return;
    const words = texts.audit;
    const rows = eventsOf(review);
    this.result = h("div.verdict", { role: "status" });
    const check = h("button.strong", { type: "button", onclick: () => this.#check(rows) }, words.check);
    const bundle = h("button", { type: "button", onclick: () => takeBundle(asked, this.result) }, words.bundle);
    this.box.replaceChildren(
      h("h2", null, filled(words.title, { place: review.name })), h("p", null, review.sentence), h("p.quiet", null, review.policy_words),
      h("div.take", null, check, bundle), this.result,
      h("h3", null, words.compared), compared(review),
      h("h3", null, filled(words.events, { n: rows.length })),
      h("div.scroll", { tabindex: 0, role: "region", "aria-label": words.list }, table(rows)),
      h("h3", null, words.means), h("ul.means", null, h("li", null, words.proved), h("li", null, words.attested), h("li", null, words.not_covered)));
  }

  /** Every event of the list, one after another. */
  async #check(rows) {
    const words = texts.audit;
    this.result?.replaceChildren(h("p", null, words.checking));
    try {
      if (!globalThis.crypto?.subtle) throw new Refused(words.insecure);
      const { keys, first } = await pinnedKeys();
      const newest = await newestCheckpoint(keys);
      for (const row of rows) {
        const text = await (await ask(`/v1/log/receipts/${row.position}`)).text();
        const found = await checkReceipt(text, row.position, keys);
        if (found.leaf.event_id !== row.event_id || Date.parse(found.leaf.recorded_at) !== Date.parse(row.recorded_at))
          throw new Refused(filled(words.other, { position: row.position }));
        row.mark.textContent = "✓";
      }
      const told = { n: rows.length, size: newest.size.toLocaleString("en"), root: short(newest.root) };
      const before = newest.before === null ? [] : [h("p", null, filled(words.continues, { before: newest.before.toLocaleString("en") }))];
      this.result?.replaceChildren(h("p.good", null, filled(words.good, told)), ...before, h("p", null, first ? words.pinned : words.still),
        h("p.quiet", null, await signerWords(newest.signer)));
    } catch (error) {
      if (error instanceof NeedsKey) return this.result?.replaceChildren(h("p.wrong", null, words.auditors));
      if (!(error instanceof Refused || error instanceof Told)) throw error;
      this.result?.replaceChildren(h("p.wrong", { role: "alert" }, filled(words.bad, { reason: error.message })),
        h("button", { type: "button", onclick: () => { forgetKeys(); this.result?.replaceChildren(); } }, words.forget));
    }
  }
}

/** Every event that the review names, once, in the order of the log. */
function eventsOf(review) {
  const claims = [...review.basis, ...review.claims];
  const statements = claims.flatMap((one) => one.statements.map((each) => ({ ...each, about: one.summary })));
  const decisions = claims.flatMap((one) => one.decisions.map((each) => ({ ...each, about: one.summary })));
  const sources = review.sources.flatMap((one) => one.events.map((each) => ({ ...each, about: one.name })));
  const found = new Map([...statements, ...decisions, ...sources].map((one) => [one.position, { ...one, mark: h("span.check", null, "") }]));
  return [...found.values()].sort((a, b) => a.position - b.position);
}

function table(rows) {
  const words = texts.audit;
  const heads = [words.position, words.event, words.recorded, words.by, words.leaf, words.proof];
  const line = (one) => h("tr", null,
    h("th", { scope: "row" }, one.position.toLocaleString("en")),
    h("td", null, h("b", null, one.type.replace(/([a-z])([A-Z])/g, "$1 $2")), h("span.said", null, one.words)),
    h("td", null, tell(Date.parse(one.recorded_at))), h("td", null, one.recorded_by ?? "–"),
    h("td", null, one.leaf_hash ? h("code", null, one.leaf_hash.slice(0, 8)) : "–"), h("td", null, one.mark));
  return h("table", null, h("thead", null, h("tr", null, ...heads.map((one) => h("th", { scope: "col" }, one)))), h("tbody", null, ...rows.map(line)));
}

function compared({ compared: both }) {
  const words = texts.audit;
  if (!both) return h("p", null, "");
  const side = (label, one) => h("div", null, h("p.quiet", null, label), h("p", null, one.sentence));
  const changed = both.changed_by.map((one) => h("li", null, h("b", null, tell(Date.parse(one.known_at))), ` ${one.words}`, h("ul", null, ...one.causes.map((each) => h("li", null, each.words)))));
  return h("div", null, h("div.sides", null, side(words.then, both.then), side(words.today, both.today)), h("ol.changes", null, ...changed));
}

async function takeBundle(asked, box) {
  try {
    const answer = await ask(address(`/v1/audit/bundles/${encodeURIComponent(state.place ?? "")}`, asked), { method: "POST" });
    const link = /** @type {HTMLAnchorElement} */ (h("a", { href: URL.createObjectURL(await answer.blob()), download: `${state.place}.zip` }));
    link.click();
  } catch (error) {
    box.replaceChildren(h("p.wrong", { role: "alert" }, error instanceof Error ? error.message : String(error)));
  }
}
