/** One source's statement: who carried it, when, how credible, where it can be read, and the evidence. */

import { texts } from "../words.js";
import { Chain } from "./chain.js";
import { Evidence } from "./evidence.js";
import { choice, field, folded, given, minuteOf, momentField, momentOf, controlOf, suggestMoment, text, valueOf } from "./fields.js";
import { held } from "./held.js";

/** The grades of the scale of credibility, as options. */
export const grades = () => Object.entries(held.vocabulary.credibility).map(([grade, words]) => /** @type {[string, string]} */ ([grade, `${grade}: ${words}`]));

export class Report {
  constructor() {
    const words = texts.desk;
    this.chain = new Chain("report.chain");
    this.end = field("unnamed_end", text("", { placeholder: words.unnamed_hint }), { path: "report.unnamed_end" });
    this.published = momentField("published_at", "report.published_at");
    this.credibility = field("credibility", choice(grades(), "6"), { path: "report.credibility" });
    this.url = field("url", text("", { dir: "ltr", inputmode: "url" }), { path: "report.url" });
    this.language = field("language", text("", { dir: "ltr" }), { path: "report.language" });
    this.evidence = new Evidence("report.evidence");
    this.at(minuteOf());
    this.nodes = [this.chain.box, this.end, this.published, this.credibility, this.url, folded(words.report_more, this.language, this.evidence.box)];
  }

  /** Nobody has said anything yet. */
  get empty() {
    return !this.chain.value().length && !valueOf(this.end) && !valueOf(this.url);
  }

  /** When it was published, until somebody says otherwise. @param {number} millis */
  at(millis) {
    suggestMoment(controlOf(this.published), millis);
  }

  /** As the service takes it. */
  value() {
    const evidence = this.evidence.value();
    return {
      chain: this.chain.value(), published_at: momentOf(controlOf(this.published)), credibility: Number(valueOf(this.credibility)),
      ...given({ unnamed_end: valueOf(this.end), url: valueOf(this.url), language: valueOf(this.language) }), ...(evidence.length ? { evidence } : {}),
    };
  }
}
