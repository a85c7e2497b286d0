/** Captured files that are pointed at: what it is, where, its hash, when it was captured, and whether somebody verified it. */

import { texts } from "../words.js";
import { choice, momentOf, plain, text } from "./fields.js";
import { held } from "./held.js";
import { Rows, cell, rowOf } from "./rows.js";

export class Evidence extends Rows {
  /** @param {string} path */
  constructor(path) {
    super("evidence", path, row);
  }
}

function row() {
  const kind = choice(held.vocabulary.evidence_kinds.map((one) => [one, plain(one)]));
  const url = text("", { dir: "ltr", inputmode: "url" });
  const sha256 = text("", { dir: "ltr", spellcheck: "false" });
  const captured = text("", { dir: "ltr", inputmode: "numeric", placeholder: "2024-12-02 15:00" });
  const verified = choice(held.vocabulary.verified.map((one) => [one, texts.desk.verified_words[one] ?? one]), "not_tried");
  const value = () => ({
    kind: kind.value, verified: verified.value, url: url.value.trim() || null, sha256: sha256.value.trim().toLowerCase() || null, captured_at: momentOf(captured) || null,
  });
  const box = rowOf("evidence", cell("kind", kind), cell("url", url), cell("sha256", sha256), cell("captured_at", captured), cell("verified", verified));
  return { box, value };
}
