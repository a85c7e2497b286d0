/** The dock: two tracks on one scale, the switch between them, exact fields, and what plays. */

import { knownAt, stamp } from "./address.js";
import { h } from "./elements.js";
import { Histograms } from "./histograms.js";
import { alongKnown, alongWorld, earliestOf, nextChange } from "./steps.js";
import { hand, set, state } from "./store.js";
import { DAY, HOUR, dayOf, tell } from "./times.js";
import { dates, drawTrack, reachingBack, scaleOf } from "./tracks.js";
import { world } from "./world.js";
import { filled, texts } from "./words.js";

const MINUTE = 60_000;
const BEAT = 1100;

/** @typedef {'at' | 'known'} Axis */

export class Dock {
  /** @param {HTMLElement} box */
  constructor(box) {
    this.box = box;
    this.whole = this.record = this.scale = scaleOf(null);
    this.playing = 0;
    this.said = "";
    this.size = { width: 0, height: 0 };
    const words = texts.dock;
    this.follow = h("div.follow", { role: "radiogroup", "aria-label": words.follow }, ...["then", "today", "free"].map((name) =>
      h("label", null, h("input", { type: "radio", name: "follow", value: name, onchange: () => this.#switch(name) }), h("span", null, words[name]))));
    this.play = h("button.play", { type: "button", onclick: () => this.toggle() }, words.play);
    this.fields = { at: this.#field("at", words.at_field), known: this.#field("known", words.known_field) };
    const tools = h("div.steps", null,
      h("button", { type: "button", "aria-label": words.back, title: words.back, onclick: () => this.step(-1) }, "◂"), this.play,
      h("button", { type: "button", "aria-label": words.on, title: words.on, onclick: () => this.step(1) }, "▸"),
      h("button", { type: "button", onclick: () => set({ at: null, known: null }) }, words.now),
      h("button", { type: "button", onclick: () => this.#toStart() }, words.start));
    this.tracks = { at: this.#track("at", words.world), known: this.#track("known", words.known) };
    this.earlier = h("button.earlier", { type: "button", hidden: true, onclick: () => this.#reachBack(), onpointerdown: (event) => event.stopPropagation() });
    this.tracks.at.handle.before(this.earlier);
    this.dates = h("div.dates", { "aria-hidden": "true" });
    this.note = h("span.note", { role: "status" });
    this.histograms = new Histograms(this.tracks.at.lane, this.tracks.known.lane);
    box.replaceChildren(
      h("div.controls", null, this.follow, tools, this.note, h("div.fields", null, this.fields.at, this.fields.known)),
      h("div.tracks", null, this.tracks.at.row, this.tracks.known.row, this.dates));
    new ResizeObserver(() => this.#resized()).observe(box);
    box.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  /** Take in a new world: the scale is the record's, and reaches no further until somebody wants to see what lies before it. */
  place() {
    this.#measure();
    this.scale = this.record;
    this.histograms.place();
    this.#resized();
  }

  /** Take in what was recorded since; a scale that somebody has chosen stays. */
  grow() {
    const before = this.record;
    this.#measure();
    if (this.scale === before && !hand.down) this.scale = this.record;
    this.histograms.grow();
  }

  #measure() {
    const { beliefs } = world;
    this.record = scaleOf(beliefs?.extent() ?? null);
    this.whole = reachingBack(this.record, beliefs?.earliest() ?? null);
  }

  #reachBack() {
    this.scale = reachingBack(this.scale, earliestOf(state));
    this.draw();
  }

  /** Draw everything from the state. */
  draw() {
    const { at, known } = { at: state.at, known: knownAt(state) };
    const chosen = state.place !== null;
    const beyond = known ?? Infinity;
    this.histograms.draw(this.scale, this.size.width, !chosen);
    drawTrack(this.tracks.at.canvas, this.size, this.scale, chosen ? alongWorld(state) : [], beyond);
    drawTrack(this.tracks.known.canvas, this.size, this.scale, chosen ? alongKnown(state) : [], beyond);
    this.#tellEarlier();
    this.box.classList.toggle("plain", !chosen);
    this.#put("at", at);
    this.#put("known", known);
    for (const input of this.follow.querySelectorAll("input")) input.checked = input.value === state.follow;
    this.#drawDates();
    this.#note();
  }

  /** How large the tracks are is asked when they change, not at each step: the answer waits for a layout of the whole page. */
  #resized() {
    const { clientWidth, clientHeight } = this.tracks.at.lane;
    this.size = { width: clientWidth, height: clientHeight };
    this.draw();
  }

  #drawDates() {
    if (this.dated === `${this.scale.from} ${this.scale.until} ${this.size.width}`) return;
    this.dated = `${this.scale.from} ${this.scale.until} ${this.size.width}`;
    this.dates.replaceChildren(...dates(this.scale, this.size.width).filter(({ at }) => this.scale.part(at) < 0.97).map(({ at, words }) => {
      const made = h("span", null, words);
      made.style.left = `max(20px, ${this.scale.part(at) * 100}%)`; // at the left end it would be cut in half
      return made;
    }));
  }

  /** What began before the left end: a claim may say that a place was held for years. */
  #tellEarlier() {
    const since = earliestOf(state);
    this.earlier.hidden = since === null || since >= this.scale.from;
    const words = since === null ? "" : filled(texts.dock.earlier, { when: dayOf(since, this.scale.until - since) });
    if (this.earlier.textContent !== words) this.earlier.replaceChildren(words);
  }

  /** Go to the next change, or the one before. @param {1 | -1} direction */
  step(direction) {
    const found = nextChange(state, direction);
    if (found === null) this.#say(texts.dock.ended);
    else this.move("at", found);
    return found !== null;
  }

  /** Move one of the two times. @param {Axis} axis  @param {number} millis */
  move(axis, millis) {
    const rounded = Math.round(millis / MINUTE) * MINUTE;
    if (axis === "at") return set({ at: rounded });
    return set({ known: rounded, follow: "free", at: state.at ?? (state.follow === "free" ? null : rounded) });
  }

  /** Play from change to change, or stop. */
  toggle() {
    if (this.playing) return this.stop();
    this.play.textContent = texts.dock.pause;
    this.playing = window.setInterval(() => this.step(1) || this.stop(), BEAT);
    if (!this.step(1)) this.stop();
  }

  stop() {
    clearInterval(this.playing);
    this.playing = 0;
    this.play.textContent = texts.dock.play;
  }

  #toStart() {
    const begin = world.beliefs?.extent()?.[0];
    if (begin !== undefined) set({ at: begin, ...(state.follow === "free" ? { known: begin } : {}) });
  }

  #say(words) {
    this.said = words;
    this.#note();
    clearTimeout(this.saying);
    if (words) this.saying = setTimeout(() => this.#say(""), 4000);
  }

  /** A word that comes and goes; and while a filter is set, that the bars do not obey it: the service counts them. */
  #note() {
    const words = this.said || (state.filter && !state.place ? texts.dock.unfiltered : "");
    if (this.note.textContent !== words) this.note.textContent = words;
  }

  #switch(follow) {
    const now = knownAt(state);
    set({ follow, known: follow === "free" ? now : null });
  }

  #field(axis, label) {
    const change = (event) => {
      const found = Date.parse(`${event.target.value.trim().replace(" ", "T")}Z`);
      event.target.setAttribute("aria-invalid", String(Number.isNaN(found)));
      if (!Number.isNaN(found)) this.move(axis, found);
    };
    const shape = { type: "text", inputmode: "numeric", placeholder: "2024-12-02 15:00", spellcheck: "false", autocomplete: "off" };
    return h("label", null, h("span", null, label), h("input", { ...shape, onchange: change, name: axis }));
  }

  /** @param {Axis} axis */
  #track(axis, label) {
    const canvas = /** @type {HTMLCanvasElement} */ (h("canvas", { "aria-hidden": "true" }));
    const handle = h(`div.handle.${axis}`, { role: "slider", tabindex: 0, "aria-label": label, onkeydown: (event) => this.#key(axis, event) });
    const lane = h("div.lane", { onpointerdown: (event) => this.#drag(axis, lane, handle, event) }, canvas, handle);
    return { canvas, handle, lane, row: h("div.row", null, h("span.name", null, label), lane) };
  }

  #drag(axis, lane, handle, begin) {
    if (begin.button) return;
    begin.preventDefault();
    handle.focus({ preventScroll: true });
    lane.setPointerCapture(begin.pointerId);
    hand.down = true;
    const box = lane.getBoundingClientRect();
    const move = (event) => this.move(axis, this.scale.millis((event.clientX - box.left) / box.width));
    const end = () => {
      hand.down = false;
      lane.removeEventListener("pointermove", move);
    };
    lane.addEventListener("pointermove", move);
    lane.addEventListener("lostpointercapture", end, { once: true });
    move(begin);
  }

  #key(axis, event) {
    const by = { ArrowRight: HOUR, ArrowUp: HOUR, ArrowLeft: -HOUR, ArrowDown: -HOUR, PageUp: DAY, PageDown: -DAY }[event.key];
    const now = (axis === "at" ? state.at : knownAt(state)) ?? this.scale.until;
    if (by) this.move(axis, now + by * (event.shiftKey ? 1 / 12 : 1));
    else if (event.key === "Home") this.move(axis, this.scale.from);
    else if (event.key === "End") this.move(axis, this.scale.until);
    else return;
    event.preventDefault();
  }

  /** The wheel zooms; across, or with Shift, it moves along. */
  #wheel(event) {
    const box = this.tracks.at.lane.getBoundingClientRect();
    const around = this.scale.millis((event.clientX - box.left) / box.width);
    const along = event.shiftKey ? event.deltaY || event.deltaX : Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : 0;
    this.scale = along ? this.scale.moved(along / box.width, this.whole) : this.scale.zoomed(around, event.deltaY > 0 ? 1.25 : 0.8, this.whole);
    event.preventDefault();
    this.draw();
  }

  /** @param {Axis} axis  @param {number | null} millis */
  #put(axis, millis) {
    const { handle } = this.tracks[axis];
    const words = millis === null ? texts.when.now : tell(millis);
    handle.style.left = `${(millis === null ? 1 : this.scale.part(millis)) * 100}%`;
    handle.classList.toggle("now", millis === null);
    handle.setAttribute("aria-valuetext", words);
    handle.setAttribute("aria-valuemin", String(Math.round(Math.min(millis ?? Infinity, this.whole.from) / MINUTE)));
    handle.setAttribute("aria-valuemax", String(Math.round(this.whole.until / MINUTE)));
    handle.setAttribute("aria-valuenow", String(Math.round(Math.min(millis ?? Infinity, this.whole.until) / MINUTE)));
    const input = /** @type {HTMLInputElement} */ (this.fields[axis].querySelector("input"));
    if (document.activeElement !== input) input.value = millis === null ? "" : stamp(millis).slice(0, 16).replace("T", " ");
  }
}
