/** The desk's table for one place: the commands, the fields, and beside them what looks the same, what would change, and what came of it. */

import { h } from "../elements.js";
import { Told } from "../service.js";
import { filled, texts } from "../words.js";
import { candidates, offered, summaryOf } from "./alikes.js";
import { overtaken, problem, recorded, refused, warned } from "./answers.js";
import { clearAround, clearErrors } from "./errors.js";
import { unique } from "./fields.js";
import { foresee, foreseenWords } from "./foreseen.js";
import { commandsRow } from "./commands.js";
import { lookAgain } from "./looked.js";
import { record, signed } from "./recording.js";

export class Table {
  /** @param {import("./sheet.js").Sheet} sheet  @param {import("./held.js").Who | null} who */
  constructor(sheet, who) {
    this.sheet = sheet;
    this.judges = !who || who.rights.includes("judge");
    const words = texts.desk;
    /** Look-alikes that the service named, beside those that are seen here. @type {any[]} */
    this.named = [];
    /** How many previews were asked for: the last one is told. */
    this.previews = 0;
    this.says = h("p.quiet.says", null);
    this.alikes = h("div.offered", { role: "status" });
    this.verdict = h("div.verdict", { role: "status" });
    this.send = h("button.strong.send", { type: "submit" }, words.send);
    this.asking = h("button.foresee", { type: "button", onclick: () => this.#foresee() }, words.foresee);
    this.actions = h("div.actions", null, this.send, this.asking);
    this.form = h("form", { novalidate: true, onsubmit: (event) => { event.preventDefault(); this.#post(); } },
      sheet.fields, h("div.beside", null, this.alikes, this.actions, this.verdict));
    const changed = (event) => this.#changed(event.target);
    for (const type of ["input", "change"]) this.form.addEventListener(type, changed);
    this.choices = commandsRow((right) => right === "report" || this.judges, (command) => this.#choose(command));
    this.box = h("div.table-of", null, this.choices, this.judges || !who ? null : h("p.quiet", null, filled(words.may_some, { name: who.name })), this.says, this.form);
    sheet.turned = () => this.#turned();
    this.#turned();
  }

  #choose(command) {
    this.#quiet();
    this.sheet.choose(command);
  }

  /** Another command, or another development: what is offered follows. */
  #turned() {
    const { command } = this.sheet;
    this.says.textContent = texts.desk.says[command];
    for (const one of this.choices.querySelectorAll("input")) one.checked = one.value === command;
    this.#offer();
  }

  /** What is held already of this kind and time, and what the service named: to be spoken of rather than recorded a second time. */
  #offer() {
    const seen = this.sheet.alike();
    const found = this.sheet.command === "report" ? [...seen, ...this.named.filter((one) => !seen.some((each) => each.development_id === one.development_id))] : [];
    const merge = /** @type {[string, (one: any) => void][]} */ (this.judges ? [[texts.desk.merge_after, (one) => this.#post({ into: one })]] : []);
    this.alikes.replaceChildren(...offered(found, [[texts.desk.corroborate, (one) => this.#corroborate(one)], ...merge]));
  }

  #corroborate(one) {
    this.#quiet();
    this.sheet.speakOf(one, "corroborations");
    this.sheet.parts.report.chain.chips.focus();
  }

  /** Something was typed: what was foreseen, and said of the field, is of before. @param {HTMLElement} control */
  #changed(control) {
    clearAround(control);
    if (this.sheet.command === "report") this.#offer();
    if (this.verdict.querySelector(".beside-fields") && !this.form.querySelector("[aria-invalid]")) this.verdict.replaceChildren();
    const stale = this.verdict.querySelector(".foreseen");
    if (stale && !this.verdict.querySelector(".stale")) this.verdict.append(h("p.quiet.stale", null, texts.desk.stale));
  }

  #quiet() {
    this.previews += 1;
    this.named = [];
    this.verdict.replaceChildren();
    clearErrors(this.form);
    this.#unquestioned();
  }

  async #foresee() {
    if (this.#aboutNothing()) return;
    const event = this.sheet.event();
    const own = this.sheet.ownTime();
    const mine = (this.previews += 1);
    try {
      const answer = await signed(() => foresee(event, own));
      if (mine !== this.previews) return; // another was asked for meanwhile, or it was recorded
      const [one] = answer.events;
      const warnings = one.warnings ?? [];
      this.named = candidates(warnings, this.sheet.developments);
      this.#offer();
      clearErrors(this.form);
      if (one.problem) return this.#answer(problem(this.form, one.problem, texts.desk.would_not));
      this.#answer([h("div.foreseen", null, ...foreseenWords(answer, event.development_id, own, (id) => this.#nameOf(id))), ...warned(warnings)]);
    } catch (error) {
      this.#answer(refused(this.form, error));
    }
  }

  /** What a development of the place says. @param {string} id */
  #nameOf(id) {
    return summaryOf(this.sheet.developments.find((one) => one.development_id === id) ?? { development_id: id });
  }

  /** @param {{into?: any, sure?: boolean}} [then]  `into`: what it is merged into afterwards; `sure`: asked already */
  async #post({ into, sure = false } = {}) {
    const { sheet } = this;
    if (this.busy || this.#aboutNothing()) return;
    if (sheet.command === "void" && !sure) return this.#question();
    this.#unquestioned();
    const { command, chosen } = sheet;
    const event = sheet.event();
    let looked;
    this.#busy(true);
    try {
      looked = command === "report" ? null : await sheet.lookedAt(chosen);
      this.#recorded(await record(command, event, looked?.version ?? null), event, into);
    } catch (error) {
      if (error instanceof Told && error.problem.status === 412 && looked) await this.#overtaken(chosen, looked);
      else this.#answer(refused(this.form, error));
      if (error instanceof TypeError) sheet.hold(event); // so that it is the same event when it is sent again
    } finally {
      this.#busy(false);
    }
  }

  /** Nothing is held that could be spoken of. */
  #aboutNothing() {
    const nothing = this.sheet.command !== "report" && !this.sheet.chosen;
    if (nothing) this.#answer([h("p.wrong", { role: "alert" }, texts.desk.none_held)]);
    return nothing;
  }

  /** Tell it, and show it, unless a field is shown that is to be mended. @param {Node[]} said */
  #answer(said) {
    this.verdict.replaceChildren(...said);
    if (!document.activeElement?.matches("[aria-invalid]")) this.verdict.scrollIntoView({ block: "nearest" });
  }

  /** It stands in the log: the sheet begins anew, and what is held is asked for with it. */
  #recorded(answer, event, into) {
    const { sheet } = this;
    this.#quiet();
    sheet.renew(answer.position);
    const merge = (other) => {
      sheet.speakOf({ standing: "", sources: [], ...event }, "merge");
      sheet.parts.into.choose(other);
      /** @type {HTMLElement} */ (this.form.querySelector("[name=reason]")).focus();
    };
    this.#answer(recorded(answer, sheet.developments, this.judges ? [[texts.desk.merge_into, merge]] : []));
    sheet.refresh().catch(() => {}); // it is recorded all the same, and shown with the next news
    if (into) merge(into);
  }

  /** Somebody was quicker: what they recorded is shown, what was typed stays, and may be recorded now. */
  async #overtaken(id, before) {
    const now = await lookAgain(id, before);
    this.sheet.see(id, now);
    this.#answer(overtaken(before, now));
    /** @type {HTMLElement} */ (this.verdict.querySelector("[role=alert]")).focus();
  }

  /** A void is asked about once more. */
  #question() {
    const words = texts.desk;
    const id = unique("question");
    this.asked = h("div.question", { role: "alertdialog", "aria-labelledby": id }, h("p", { id }, filled(words.void_question, { what: this.#nameOf(this.sheet.chosen) })),
      h("div.actions", null, h("button.strong", { type: "button", onclick: () => this.#post({ sure: true }) }, words.void_yes),
        h("button", { type: "button", onclick: () => { this.#unquestioned(); this.send.focus(); } }, words.void_no)));
    this.#answer([this.asked]);
    this.actions.hidden = true;
    /** @type {HTMLElement} */ (this.asked.querySelector("button")).focus();
  }

  #unquestioned() {
    this.asked?.remove();
    this.actions.hidden = false;
  }

  /** Sent once: the button says so, and keeps the focus. */
  #busy(busy) {
    this.busy = busy;
    this.send.setAttribute("aria-disabled", String(busy));
    this.send.textContent = busy ? texts.desk.sending : texts.desk.send;
  }
}
