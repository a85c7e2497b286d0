/** The panel: the chosen place, why, the belief map, its developments; without a place, what changed before. */

import { knownAt } from "./address.js";
import { beliefMap } from "./beliefmap.js";
import { changedBefore } from "./changed.js";
import { differences } from "./compare.js";
import { developments } from "./developments.js";
import { h } from "./elements.js";
import { picture } from "./marks.js";
import { question } from "./question.js";
import { json, NeedsKey } from "./service.js";
import { told } from "./sentence.js";
import { hand, set, state, subscribe } from "./store.js";
import { takeAway } from "./takeaway.js";
import { tell } from "./times.js";
import { answerOf, numberOf, world } from "./world.js";
import { filled, texts } from "./words.js";
import { why } from "./why.js";

/** A hand that drags is not answered at every step: what needs the service waits until it rests. */
const REST = 160;

export class Panel {
  /** @param {HTMLElement} box  @param {() => import("./map.js").Chart | null} chart */
  constructor(box, chart) {
    this.box = box;
    this.chart = chart;
    this.asked = 0;
    this.waiting = 0;
    /** @type {{draw: () => void} | null} */
    this.map = null;
    subscribe((now, before) => this.#changed(now, before));
  }

  /** Draw all of it anew. */
  draw() {
    const number = numberOf(state.place);
    this.place = state.place;
    this.head = h("div.head");
    this.reasons = h("div.reasons", { "aria-busy": "true" });
    this.listed = h("div.listed");
    this.map = number >= 0 ? beliefMap(number) : null;
    const words = texts.panel;
    const middle = this.map ? [h("h3", null, words.beliefs), this.map.box, h("h3", null, words.developments), this.listed] : [this.listed];
    this.box.replaceChildren(this.head, this.reasons, ...middle, h("h3", null, words.take), this.#take = takeAway(this.chart()));
    this.#step();
    this.#rest();
    this.box.scrollTop = 0;
  }

  /** Something was recorded about some places: tell of it, and leave everything where it stands. @param {Set<string>} ids */
  fresh(ids) {
    this.#step();
    if (state.place === null || ids.has(state.place)) this.#rest();
  }

  /** The map is there now, and can be taken away as a picture. */
  opened() {
    const made = takeAway(this.chart());
    this.#take?.replaceWith(made);
    this.#take = made;
  }

  /** @type {HTMLElement | undefined} */
  #take;

  #changed(now, before) {
    if (now.place !== before.place || now.view !== before.view || now.compare !== before.compare) return this.draw();
    if (now.at === before.at && now.known === before.known && now.follow === before.follow) return;
    this.#step();
    clearTimeout(this.waiting);
    this.waiting = window.setTimeout(() => this.#whenAtRest(), REST);
  }

  #whenAtRest() {
    if (hand.down) this.waiting = window.setTimeout(() => this.#whenAtRest(), REST);
    else this.#rest();
  }

  /** What needs no service: at every step. */
  #step() {
    const number = numberOf(state.place);
    const [, first, also] = told();
    const access = world.shown.access[number] ? answerOf(number, "access")?.mode : null;
    const name = number >= 0 ? h("h2", null, picture(answerOf(number), access), world.places.names[number], original(number)) : null;
    const close = name ? h("button.close", { type: "button", "aria-label": texts.panel.close, onclick: () => set({ place: null }) }, "×") : null;
    this.head?.replaceChildren(...[name, close, h("p", null, h("strong", null, first), " ", also), begins()].filter((one) => one !== null));
    this.map?.draw();
  }

  /** What the service tells of the moment at which the hand came to rest. */
  async #rest() {
    const mine = (this.asked += 1);
    try {
      if (!world.places.ids.length) return this.#tell([h("p", null, texts.empty.how)], null);
      if (numberOf(state.place) < 0) return this.#tell([h("p.quiet", null, texts.panel.choose)], state.compare ? differences() : await changedBefore());
      const [reasons, list] = await Promise.all([reasonsOf(state.place ?? ""), developments(state.place ?? "")]);
      if (mine === this.asked) this.#tell(reasons, list);
    } catch (error) {
      if (error instanceof NeedsKey) throw error;
      if (mine === this.asked) this.#tell([h("p.wrong", null, String(error instanceof Error ? error.message : error))], null);
    }
  }

  /** @param {Node[]} reasons  @param {Node | null} list */
  #tell(reasons, list) {
    const open = this.reasons?.querySelector("details")?.open;
    this.reasons?.replaceChildren(...reasons);
    this.reasons?.setAttribute("aria-busy", "false");
    const details = this.reasons?.querySelector("details");
    if (open && details) details.open = true;
    if (list) this.listed?.replaceChildren(list);
    else this.listed?.replaceChildren();
  }
}

/** What the place is called in its own script. */
function original(number) {
  const names = world.places.other_names[number] ?? [];
  return names.length ? h("span.original", { dir: "auto" }, names.join(" · ")) : null;
}

/** Why; where nobody's hold of anything was known yet there is nothing to ask, and the place itself may not have been known. */
async function reasonsOf(place) {
  const [begun, known] = [world.beliefs?.begun() ?? null, knownAt(state)];
  if (begun !== null && known !== null && known < begun) return [h("p.quiet", null, filled(texts.panel.before_known, { when: tell(begun) }))];
  return why(await json(`/v1/locations/${encodeURIComponent(place)}/explain`, question()));
}

function begins() {
  const begin = world.beliefs?.extent()?.[0];
  if (begin === undefined || state.at === null || state.at >= begin) return null;
  return h("p.notice", null, filled(texts.panel.before_record, { when: tell(begin) }));
}
