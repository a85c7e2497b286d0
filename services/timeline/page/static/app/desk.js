/** The desk: report, corroborate, deny, assess, retract, amend, with the service's own words where it refuses or warns. */

import { area, chain, choice, field, moment, stamped, tellErrors, text } from "./fields.js";
import { h } from "./elements.js";
import { Told, ask, json } from "./service.js";
import { state } from "./store.js";
import { brief } from "./times.js";
import { moments, numberOf, world } from "./world.js";
import { filled, texts } from "./words.js";

const COMMANDS = ["report", "corroborations", "denials", "assessments", "retractions", "amendments"];

export class Desk {
  /** @param {HTMLElement} box */
  constructor(box) {
    this.box = box;
    this.shown = "";
    /** The version of each development that was looked at. @type {Map<string, Promise<number>>} */
    this.seen = new Map();
  }

  /** Draw it where it is to be seen and another place is chosen: what somebody types is never thrown away by a step. */
  draw() {
    this.box.hidden = state.as !== "desk";
    if (this.box.hidden || this.shown === state.place) return;
    this.shown = state.place ?? "";
    this.#open().catch((error) => this.box.replaceChildren(h("p.wrong", null, error.message)));
  }

  async #open() {
    if (numberOf(state.place) < 0) return this.box.replaceChildren(h("p.quiet", null, texts.panel.choose));
    const [vocabulary, sources, developments] = await Promise.all([
      json("/v1/vocabulary"), json("/v1/sources", { limit: 1000 }), json("/v1/developments", { location: state.place, limit: 200 }),
    ]);
    Object.assign(this, { vocabulary, sources: sources.sources, developments: developments.developments });
    this.command = choice(COMMANDS.map((one) => [one, texts.desk[one]]));
    this.command.addEventListener("change", () => this.#form());
    this.form = h("form", { novalidate: true, onsubmit: (event) => this.#post(event) });
    this.result = h("div.verdict", { role: "status" });
    this.box.replaceChildren(h("h2", null, filled(texts.desk.title, { place: world.places.names[numberOf(state.place)] })), field("command", this.command), this.form, this.result);
    this.#form();
  }

  /** The fields of the chosen command. */
  #form() {
    const command = this.command.value;
    const about = this.developments.map((one) => [one.development_id, `${brief(Date.parse(one.occurred.start))} · ${texts.kinds[one.kind] ?? one.kind} · ${one.summary}`.slice(0, 110)]);
    const send = h("button.strong", { type: "submit" }, texts.desk.send);
    const on = command === "report" ? [] : [field("development", choice(about))];
    const offered = h("div.offered", { role: "status" });
    this.form.replaceChildren(...on, ...this.#fields(command), offered, send);
    if (command === "report") for (const name of ["kind", "start", "end"]) this.form.elements[name].addEventListener("change", () => this.#lookAlikes(offered));
    if (command === "report") return this.#lookAlikes(offered);
    const chosen = this.form.elements.development;
    chosen.addEventListener("change", () => this.#see(chosen.value));
    if (chosen.value) this.#see(chosen.value);
  }

  #fields(command) {
    const [at] = moments();
    const grades = Object.entries(this.vocabulary.credibility).map(([grade, words]) => /** @type {[string, string]} */ ([grade, `${grade}: ${words}`]));
    const report = () => [
      field("chain", chain(this.sources)), field("unnamed_end", text()), field("published_at", moment(Math.min(at, Date.now()))),
      field("credibility", choice(grades, "6")), field("url", text()),
    ];
    const said = () => field("said_at", moment(Date.now()));
    switch (command) {
      case "report":
        return [field("kind", choice(this.vocabulary.kinds.map((one) => [one.kind, texts.kinds[one.kind] ?? one.kind]))), this.#participants(),
          field("start", moment(at - 3_600_000)), field("end", moment(at)), field("summary", area()), ...report()];
      case "corroborations":
        return report();
      case "denials":
        return [...report(), field("reason", area())];
      case "assessments":
        return [field("analyst", text()), field("credibility", choice(grades, "2")), said(), field("method", text()), field("reasoning", area())];
      case "retractions":
        return [field("source_id", choice(this.sources.map((one) => [one.source_id, one.name]))), said(), field("reason", area())];
      default:
        return [field("summary", area()), said(), field("reason", area())];
    }
  }

  /** Two rows of role and actor are enough for a claim; a row without an actor is left out. */
  #participants() {
    const roles = [...new Set(this.vocabulary.kinds.flatMap((one) => one.roles))];
    const actors = [["", "–"], ...world.places.actors.map((one) => [one.id, one.name])];
    const row = (role) => h("span.pair", null, Object.assign(choice(roles.map((one) => [one, one.replace("_", " ")]), role), { ariaLabel: texts.desk.role }), Object.assign(choice(actors), { ariaLabel: texts.desk.actor }));
    return h("fieldset.field", null, h("legend", null, texts.desk.participants), row("holder"), row("former_holder"), row("challenger"), h("span.wrong", { id: "said-participants" }));
  }

  /** What is held already of this kind and time: to be corroborated rather than recorded a second time. */
  #lookAlikes(box) {
    const value = (name) => this.form.elements[name].value;
    const [start, end] = ["start", "end"].map((name) => Date.parse(stamped(value(name))));
    const near = this.developments.filter((one) => one.kind === value("kind") && Date.parse(one.occurred.start) < end + 86_400_000 && Date.parse(one.occurred.end) > start - 86_400_000);
    const take = (one) => {
      this.command.value = "corroborations";
      this.#form();
      this.form.elements.development.value = one.development_id;
      this.#see(one.development_id);
    };
    box.replaceChildren(...near.map((one) => h("p", null, filled(texts.desk.alike, { what: one.summary || one.kind }), " ", h("button", { type: "button", onclick: () => take(one) }, texts.desk.corroborate))));
  }

  async #post(event) {
    event.preventDefault();
    const command = this.command.value;
    const value = (name) => this.form.elements[name]?.value ?? "";
    const development = command === "report" ? crypto.randomUUID() : value("development");
    try {
      const held = command === "report" ? {} : { "If-Match": `"${await (this.seen.get(development) ?? this.#see(development))}"` };
      const path = command === "report" ? "/v1/developments" : `/v1/developments/${development}/${command}`;
      const body = JSON.stringify(this.#body(command, development, value));
      const answer = await (await ask(path, { method: "POST", headers: { "Content-Type": "application/json", ...held }, body })).json();
      tellErrors(this.form, []);
      if (command !== "report") this.#see(development);
      const warnings = (answer.warnings ?? []).map((one) => h("li", null, one.message));
      this.result.replaceChildren(h("p.good", null, filled(texts.desk.done, { position: answer.position })), h("ul", null, ...warnings));
      this.developments = (await json("/v1/developments", { location: state.place, limit: 200, min_position: answer.position })).developments;
    } catch (error) {
      if (!(error instanceof Told)) throw error;
      const left = tellErrors(this.form, error.problem.errors ?? []);
      const words = left.length ? left.map((one) => `${one.field}: ${one.message}`) : error.problem.errors?.length ? [] : [error.message];
      this.result.replaceChildren(h("p.wrong", { role: "alert" }, error.problem.status === 412 ? texts.desk.overtaken : error.problem.title), ...words.map((one) => h("p", null, one)));
      if (error.problem.status === 412) this.#see(development);
    }
  }

  /** Look at a development as it stands: what is recorded about it later by somebody else is told (412), and nothing is lost. */
  #see(development) {
    const version = json(`/v1/developments/${development}`).then((whole) => whole.trail.filter((one) => one.event.development_id === development).length);
    this.seen.set(development, version);
    return version;
  }

  #body(command, development, value) {
    const given = (object) => Object.fromEntries(Object.entries(object).filter(([, one]) => one !== ""));
    const report = () => ({
      chain: value("chain").split(",").map((one) => one.trim()).filter(Boolean), published_at: stamped(value("published_at")), credibility: Number(value("credibility")),
      ...given({ unnamed_end: value("unnamed_end"), url: value("url") }),
    });
    const said = () => stamped(value("said_at"));
    switch (command) {
      case "report": {
        const participants = [...this.form.querySelectorAll(".pair")].map((pair) => [...pair.querySelectorAll("select")].map((one) => one.value)).filter(([, actor]) => actor);
        return {
          development_id: development, kind: value("kind"), location_id: state.place, occurred: { start: stamped(value("start")), end: stamped(value("end")), precision: "hour" },
          participants: participants.map(([role, actor_id]) => ({ actor_id, role })), summary: value("summary"), report: report(),
        };
      }
      case "corroborations":
        return { report: report() };
      case "denials":
        return { report: report(), reason: value("reason") };
      case "assessments":
        return { analyst: value("analyst"), credibility: Number(value("credibility")), assessed_at: said(), method: value("method"), reasoning: value("reasoning") };
      case "retractions":
        return { source_id: value("source_id"), retracted_at: said(), reason: value("reason") };
      default:
        return { changes: { summary: value("summary") }, amended_at: said(), reason: value("reason") };
    }
  }
}
