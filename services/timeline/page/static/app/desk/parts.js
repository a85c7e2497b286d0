/** The parts of which the forms of the desk are made; each holds what was typed in it, whatever else is shown. */

import { h } from "../elements.js";
import { brief } from "../times.js";
import { texts } from "../words.js";
import { summaryOf, near } from "./alikes.js";
import { Evidence } from "./evidence.js";
import { area, choice, controlOf, field, folded, momentField, momentOf, showMoment, text, valueOf } from "./fields.js";
import { held, stands } from "./held.js";
import { grades } from "./report.js";

/** A development as an option. */
const option = (one) => /** @type {[string, string]} */ ([one.development_id, `${brief(Date.parse(one.occurred.start))} · ${texts.kinds[one.kind] ?? one.kind ?? ""} · ${summaryOf(one)}`.slice(0, 120)]);

/** Fill a select anew, and leave chosen what was. @param {HTMLSelectElement} select  @param {Node[]} options */
function refill(select, options) {
  const told = (those) => those.map((one) => one.textContent).join("\n");
  if (select.options.length && told(options) === told([...select.children])) return; // whoever has it open goes on
  const { value } = select;
  const old = select.selectedOptions[0];
  select.replaceChildren(...options);
  if (!value) return;
  if (![...select.options].some((one) => one.value === value) && old) select.append(old);
  select.value = value;
}

/** Choose a development, whether or not it was offered. @param {HTMLSelectElement} select  @param {any} one */
function put(select, one) {
  const [value, words] = option(one);
  if (![...select.options].some((each) => each.value === value)) select.append(h("option", { value }, words));
  select.value = value;
}

/** Which development is spoken of. */
export class Which {
  /** @param {(id: string) => void} chosen */
  constructor(chosen) {
    this.select = choice([]);
    this.select.addEventListener("change", () => chosen(this.select.value));
    this.card = h("div.about", null);
    this.nodes = [field("development", this.select, { path: "development_id" }), this.card];
  }

  /** @param {any[]} developments */
  offer(developments) {
    const options = developments.filter(stands).map(option).map(([value, words]) => h("option", { value }, words));
    refill(this.select, options.length ? options : [h("option", { value: "" }, texts.desk.none_held)]);
  }

  /** @param {any} one */
  choose(one) {
    put(this.select, one);
  }

  /** Nothing is chosen. */
  forget() {
    this.select.replaceChildren();
  }
}

/** Into which other it is merged: those that look the same first. */
export class Into {
  constructor() {
    this.select = choice([]);
    this.nodes = [field("into_id", this.select)];
  }

  /** @param {any[]} developments  @param {string} id  the one that is merged */
  offer(developments, id) {
    const one = developments.find((each) => each.development_id === id);
    const others = developments.filter((each) => stands(each) && each.development_id !== id);
    const alike = one ? near(others, { kind: one.kind, start: one.occurred.start, end: one.occurred.end }) : [];
    const rest = others.filter((each) => !alike.includes(each));
    const of = (words, those) => (those.length ? [h("optgroup", { label: words }, ...those.map(option).map(([value, said]) => h("option", { value }, said)))] : []);
    if (this.select.value === id) this.select.value = "";
    refill(this.select, [h("option", { value: "" }, others.length ? texts.desk.choose : texts.desk.no_other), ...of(texts.desk.alike_group, alike), ...of(texts.desk.others_group, rest)]);
  }

  /** @param {any} one */
  choose(one) {
    put(this.select, one);
  }

  value() {
    return { into_id: this.select.value };
  }
}

/** A desk's verdict. */
export class Verdict {
  constructor() {
    this.analyst = field("analyst", text(sessionStorage.getItem(ANALYST) ?? ""));
    this.grade = field("credibility", choice(grades(), "2"));
    this.method = field("method", text());
    this.reasoning = field("reasoning", area());
    this.evidence = new Evidence("evidence");
    this.nodes = [this.analyst, this.grade, this.method, this.reasoning, folded(texts.desk.evidence, this.evidence.box)];
    controlOf(this.analyst).addEventListener("change", () => sessionStorage.setItem(ANALYST, valueOf(this.analyst)));
  }

  value() {
    const evidence = this.evidence.value();
    return {
      analyst: valueOf(this.analyst), credibility: Number(valueOf(this.grade)), method: valueOf(this.method), reasoning: valueOf(this.reasoning), ...(evidence.length ? { evidence } : {}),
    };
  }
}

const ANALYST = "timeline-analyst";

/** Who takes back what they said: those who speak of the development first. */
export class Who {
  constructor() {
    this.select = choice([]);
    this.nodes = [field("source_id", this.select)];
  }

  /** @param {string[]} speakers */
  offer(speakers) {
    const rank = (one) => (speakers.indexOf(one.source_id) + speakers.length + 1) % (speakers.length + 1);
    const every = [...held.sources].sort((a, b) => rank(a) - rank(b));
    refill(this.select, every.map((one) => h("option", { value: one.source_id }, one.name)));
    if (speakers.length && !speakers.includes(this.select.value)) this.select.value = every[0].source_id;
  }

  value() {
    return { source_id: this.select.value };
  }
}

/** When it was decided: now, where nothing is typed. */
export class Said {
  /** @param {string} path  the field of the event */
  constructor(path) {
    this.field = momentField("said_at", path);
    this.nodes = [this.field];
  }

  /** @param {string} at */
  show(at) {
    showMoment(controlOf(this.field), at);
  }

  value() {
    return momentOf(controlOf(this.field)) || new Date().toISOString();
  }
}

/** Why. */
export class Reason {
  constructor() {
    this.field = field("reason", area());
    this.nodes = [this.field];
  }

  value() {
    return { reason: valueOf(this.field) };
  }
}
