/** What is said to have happened: kind, who in which role, when, figures, summary. For a report, and for an amendment of one. */

import { texts } from "../words.js";
import { numberOf, world } from "../world.js";
import { matching as places } from "../search.js";
import { Chips } from "./chips.js";
import { area, choice, controlOf, field, folded, group, minuteOf, momentField, momentOf, plain, showMoment, suggestMoment, text, valueOf } from "./fields.js";
import { Figures } from "./figures.js";
import { held } from "./held.js";
import { h } from "../elements.js";
import { Participants } from "./participants.js";

const HOUR = 3_600_000;

export class What {
  /** @param {string} place  where a report is of  @param {boolean} moved  whether the place itself may be changed */
  constructor(place, moved = false) {
    this.kind = field("kind", kinds());
    this.participants = new Participants();
    this.start = momentField("start", "occurred.start");
    this.end = momentField("end", "occurred.end");
    this.precision = field("precision", choice(held.vocabulary.precisions.map((one) => [one, one === "exact" ? texts.desk.exactly : one]), "hour"), { path: "occurred.precision" });
    this.occurred = group("occurred", "occurred", h("div.cells", null, this.start, this.end, this.precision));
    this.summary = field("summary", area());
    this.location = placeChips(moved ? "location_id" : "", [place]);
    this.destination = placeChips("destination_id");
    this.figures = new Figures();
    this.tags = field("tags", text());
    const select = controlOf(this.kind);
    select.addEventListener("change", () => this.participants.of(select.value));
    this.participants.of(select.value);
    this.at(minuteOf());
    const more = folded(texts.desk.more, this.figures.box, this.destination.box, this.tags);
    this.nodes = [this.kind, ...(moved ? [this.location.box] : []), this.occurred, this.participants.box, this.summary, more];
  }

  /** As the service takes it: every field that can be amended. */
  value() {
    return {
      kind: valueOf(this.kind), location_id: this.location.chips.ids[0] ?? "", occurred: this.period(), participants: this.participants.value(), figures: this.figures.value(),
      destination_id: this.destination.chips.ids[0] ?? null, summary: valueOf(this.summary), tags: valueOf(this.tags).split(/[,،]/).map((one) => one.trim()).filter(Boolean),
    };
  }

  /** Nobody has said anything yet. */
  get empty() {
    return !valueOf(this.summary) && !this.participants.value().length;
  }

  /** When it happened, until somebody says otherwise: the hour before the moment that the map shows. @param {number} millis */
  at(millis) {
    for (const [box, moment] of /** @type {[HTMLElement, number][]} */ ([[this.start, millis - HOUR], [this.end, millis]])) suggestMoment(controlOf(box), moment);
  }

  period() {
    return { start: momentOf(controlOf(this.start)), end: momentOf(controlOf(this.end)), precision: valueOf(this.precision) };
  }

  /** Show what a development says. @param {any} said  as `value` tells it  @param {string[]} [keys]  of the fields to fill; default all */
  show(said, keys = Object.keys(said)) {
    const put = {
      kind: () => { controlOf(this.kind).value = said.kind; this.participants.of(said.kind); },
      location_id: () => this.location.chips.set([said.location_id]),
      occurred: () => {
        showMoment(controlOf(this.start), said.occurred.start);
        showMoment(controlOf(this.end), said.occurred.end);
        controlOf(this.precision).value = said.occurred.precision;
      },
      participants: () => this.participants.set(said.participants),
      figures: () => this.figures.set(said.figures),
      destination_id: () => this.destination.chips.set(said.destination_id ? [said.destination_id] : []),
      summary: () => (controlOf(this.summary).value = said.summary),
      tags: () => (controlOf(this.tags).value = said.tags.join(", ")),
    };
    for (const key of Object.keys(put)) if (keys.includes(key)) put[key]();
  }
}

/** An amendment: what a development says, to be changed; only what was changed is sent. */
export class Amended {
  /** @param {any} whole  the development as the service tells it */
  constructor(whole) {
    this.what = new What(whole.development.location_id, true);
    this.nodes = this.what.nodes;
    this.before = {};
    this.rebase(whole);
  }

  /** It was amended meanwhile: what was not changed here follows, what was stays. @param {any} whole */
  rebase(whole) {
    const { development, participants, figures } = whole;
    const touched = Object.keys(this.changes());
    this.what.show({ ...development, participants, figures }, KEYS.filter((key) => !touched.includes(key)));
    const now = new What(development.location_id, true);
    now.show({ ...development, participants, figures }, KEYS);
    this.before = now.value();
  }

  /** What was changed, each field whole. @returns {Record<string, unknown>} */
  changes() {
    const said = this.what.value();
    return Object.fromEntries(Object.entries(said).filter(([key, value]) => key in this.before && JSON.stringify(value) !== JSON.stringify(this.before[key])));
  }
}

const KEYS = ["kind", "location_id", "occurred", "participants", "figures", "destination_id", "summary", "tags"];

/** The kinds, by what they bear on. */
function kinds() {
  const select = choice([]);
  const of = (words, facet) => {
    const those = held.vocabulary.kinds.filter((one) => one.facet === facet);
    return h("optgroup", { label: words }, ...those.map((one) => h("option", { value: one.kind }, texts.kinds[one.kind] ?? plain(one.kind))));
  };
  select.append(of(texts.desk.of_control, "control"), of(texts.desk.of_access, "access"), of(texts.desk.of_others, null));
  return select;
}

/** One place, found by its name in any script. @param {string} name  @param {string[]} ids */
function placeChips(name, ids = []) {
  const nameOf = (id) => world.places.names[numberOf(id)] ?? id;
  const find = (typed) => places(typed).map((number) => ({ id: world.places.ids[number], name: world.places.names[number] }));
  const chips = new Chips({ label: texts.desk.find_place, none: texts.desk.no_place, find, nameOf, most: 1 });
  chips.set(ids);
  return { chips, box: group(name || "location_id", name || "location_id", chips.box) };
}
