/** The sheet of one place: its parts, which of them the chosen command shows, and the event that they make. */

import { h } from "../elements.js";
import { texts } from "../words.js";
import { near } from "./alikes.js";
import { COMMANDS } from "./commands.js";
import { minuteOf } from "./fields.js";
import { developmentsOf, newId } from "./held.js";
import { card, look } from "./looked.js";
import { Into, Reason, Said, Verdict, Which, Who } from "./parts.js";
import { Report } from "./report.js";
import { Amended, What } from "./what.js";

export class Sheet {
  /** @param {string} place  @param {any[]} developments  what is held of it */
  constructor(place, developments) {
    this.place = place;
    this.developments = developments;
    this.command = "report";
    /** What was looked at, by development. @type {Map<string, Promise<import("./looked.js").Looked>>} */
    this.looked = new Map();
    /** @type {Map<string, Amended>} */
    this.amendments = new Map();
    /** @type {Record<string, any>} */
    this.parts = {
      what: new What(place), report: new Report(), which: new Which((id) => this.turnTo(id)), into: new Into(), verdict: new Verdict(), source: new Who(), said: new Said("said_at"), reason: new Reason(),
    };
    this.amended = h("fieldset.amended", { "data-path": "changes" });
    this.fields = h("div.fields-of", null);
    /** Told whenever another development is looked at, or another command chosen. */
    this.turned = () => {};
    /** Up to where it was recorded here: what is asked for holds that. @type {number | undefined} */
    this.position = undefined;
    this.id = newId();
    this.offer(developments);
    this.choose("report");
  }

  /** The parts of a command, in place of those shown; what was typed in any of them stays in it. @param {string} command */
  choose(command) {
    this.command = command;
    const { parts, moment } = COMMANDS[command];
    if (moment) this.parts.said.field.dataset.path = moment;
    this.fields.replaceChildren(...parts.flatMap((name) => (name === "amended" ? [this.amended] : this.parts[name].nodes)));
    if (parts.includes("which")) this.turnTo(this.chosen);
    this.turned();
  }

  /** The development that is spoken of. @returns {string} */
  get chosen() {
    return this.parts.which.select.value;
  }

  /** @param {any[]} developments  as they stand now */
  offer(developments) {
    this.developments = developments;
    this.parts.which.offer(developments);
    this.parts.into.offer(developments, this.chosen);
  }

  /** The map shows another moment: a report in which nobody has said anything begins there. Any other stays as it is. */
  follow() {
    const { what, report } = this.parts;
    const at = minuteOf();
    if (at === this.at || !what.empty || !report.empty) return;
    this.at = at;
    what.at(at);
    report.at(at);
    this.turned();
  }

  /** Ask what is held of the place again; choices and what is typed stay. */
  async refresh() {
    const before = this.chosen;
    this.offer(await developmentsOf(this.place, this.position));
    if (this.chosen !== before && COMMANDS[this.command].parts.includes("which")) this.turnTo(this.chosen);
    this.turned();
  }

  /** Speak of a development. @param {any} one  @param {string} command */
  speakOf(one, command) {
    this.parts.which.choose(one);
    this.choose(command);
  }

  /** Look at a development before it is spoken of; what is recorded about it later by somebody else is told (412). @param {string} id */
  async turnTo(id) {
    this.parts.into.offer(this.developments, id);
    this.parts.which.card.replaceChildren();
    this.amended.replaceChildren();
    if (!id) return;
    const looking = this.looked.get(id) ?? look(id, this.position);
    this.looked.set(id, looking);
    try {
      this.#show(id, await looking);
    } catch (error) {
      this.looked.delete(id); // it is asked again
      this.parts.which.card.replaceChildren(h("p.wrong", null, String(error instanceof Error ? error.message : error)));
    }
  }

  /** A development as it was looked at; where that failed, it is looked at now. @param {string} id */
  lookedAt(id) {
    if (!this.looked.has(id)) this.turnTo(id);
    return this.looked.get(id);
  }

  /** It was looked at again. @param {string} id  @param {import("./looked.js").Looked} now */
  see(id, now) {
    this.looked.set(id, Promise.resolve(now));
    this.amendments.get(id)?.rebase(now.whole);
    this.#show(id, now);
  }

  /** @param {string} id  @param {import("./looked.js").Looked} looked */
  #show(id, looked) {
    if (id !== this.chosen) return;
    this.parts.which.card.replaceChildren(card(looked));
    this.parts.source.offer(speakers(looked.whole));
    const amended = this.amendments.get(id) ?? new Amended(looked.whole);
    this.amendments.set(id, amended);
    this.amended.replaceChildren(h("legend.unseen", null, texts.desk.commands.amendments), ...amended.nodes, h("span.wrong", null));
    this.turned();
  }

  /** The event that the sheet makes, as the service takes it. @returns {Record<string, any>} */
  event() {
    const { type, parts, moment } = COMMANDS[this.command];
    const about = this.command === "report" ? this.id : this.chosen;
    /** @type {Record<string, any>} */
    const event = { type, development_id: about };
    for (const part of parts) {
      if (part === "report") event.report = this.parts.report.value();
      else if (part === "amended") event.changes = this.amendments.get(about)?.changes() ?? {};
      else if (part === "said") event[moment ?? ""] = this.parts.said.value();
      else if (part !== "which") Object.assign(event, { what: () => filledIn(this.parts.what.value()) }[part]?.() ?? this.parts[part].value());
    }
    return event;
  }

  /** When what it says becomes known by its own account. @returns {string | undefined} */
  ownTime() {
    const { moment } = COMMANDS[this.command];
    const event = this.event();
    return moment ? event[moment] : event.report?.published_at;
  }

  /** What is held that looks like the report which is typed. */
  alike() {
    return this.command === "report" ? near(this.developments, { kind: this.parts.what.value().kind, ...this.parts.what.period() }) : [];
  }

  /** Its answer was lost: the moment at which it was decided stays that of the first time. @param {Record<string, any>} event */
  hold(event) {
    const { moment } = COMMANDS[this.command];
    if (moment) this.parts.said.show(event[moment]);
  }

  /** It was recorded, and is not recorded a second time: its parts begin anew. @param {number} position */
  renew(position) {
    const { parts } = COMMANDS[this.command];
    this.position = Math.max(position, this.position ?? 0);
    const fresh = { what: () => new What(this.place), report: () => new Report(), said: () => new Said("said_at"), reason: () => new Reason() };
    for (const part of parts) if (fresh[part]) this.parts[part] = fresh[part]();
    if (parts.includes("verdict")) this.parts.verdict = new Verdict();
    if (parts.includes("which")) this.looked.delete(this.chosen);
    if (parts.includes("amended")) this.amendments.delete(this.chosen);
    if (this.command === "report") this.id = newId();
    if (this.command === "merge" || this.command === "void") this.parts.which.forget(); // nothing more is said of it
    this.choose(this.command);
  }
}

/** Who speaks of a development: of each report the publisher first, in the order in which they were recorded. @returns {string[]} */
const speakers = (whole) => [...new Set(whole.trail.flatMap((one) => one.event.report?.chain ?? []))];

/** Lists and ends that are empty are left out of a report. */
function filledIn({ destination_id, figures, tags, ...rest }) {
  return { ...rest, ...(destination_id ? { destination_id } : {}), ...(figures.length ? { figures } : {}), ...(tags.length ? { tags } : {}) };
}
