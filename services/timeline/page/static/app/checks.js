/** The proofs of some rows of the record, checked here: each receipt against the pinned key, and against what is shown. */

import { h } from "./elements.js";
import { forgetKeys, newestCheckpoint, pinnedKeys, short, signerWords } from "./pinned.js";
import { Refused, base64, checkReceipt } from "./proofs.js";
import { NeedsKey, Told, ask } from "./service.js";
import { filled, texts } from "./words.js";

/** So many receipts are asked for at a time. */
const AT_ONCE = 6;

/** @typedef {import("./audited.js").Row} Row */

/**
 * Check the proofs of all rows, and say in a box what came of it.
 * @param {Row[]} rows  @param {string} unshown  what is not among them, in words; empty where nothing is left out
 * @param {HTMLElement} box
 */
export async function check(rows, unshown, box) {
  const words = texts.audit;
  for (const row of rows) row.mark.textContent = "";
  try {
    if (!globalThis.crypto?.subtle) throw new Refused(words.insecure);
    box.replaceChildren(h("p", null, words.checking));
    const { keys, first } = await pinnedKeys();
    const newest = await newestCheckpoint(keys);
    for (let at = 0; at < rows.length; at += AT_ONCE) {
      if (at) box.replaceChildren(h("p", null, filled(words.checking_of, { n: at.toLocaleString("en"), all: rows.length.toLocaleString("en") })));
      await Promise.all(rows.slice(at, at + AT_ONCE).map((row) => checkRow(row, keys)));
    }
    const told = { n: rows.length.toLocaleString("en"), size: newest.size.toLocaleString("en"), root: short(newest.root) };
    const before = newest.before === null ? [] : [h("p", null, filled(words.continues, { before: newest.before.toLocaleString("en") }))];
    const rest = unshown ? [h("p", null, unshown)] : [];
    box.replaceChildren(h("p.good", null, filled(unshown ? words.good_shown : words.good, told)), ...rest, ...before,
      h("p", null, first ? words.pinned : words.still), h("p.quiet", null, await signerWords(newest.signer)));
  } catch (error) {
    if (error instanceof NeedsKey) return box.replaceChildren(h("p.wrong", null, words.auditors));
    if (!(error instanceof Refused || error instanceof Told)) throw error;
    box.replaceChildren(h("p.wrong", { role: "alert" }, filled(words.bad, { reason: error.message })),
      h("button", { type: "button", onclick: () => { forgetKeys(); box.replaceChildren(); } }, words.forget));
  }
}

/** One event: its receipt is sound, and what it proves is what is shown here. @param {Row} row */
async function checkRow(row, keys) {
  const text = await (await ask(`/v1/log/receipts/${row.position}`)).text();
  const { leaf, hash } = await checkReceipt(text, row.position, keys);
  const moment = Date.parse(leaf.recorded_at) === Date.parse(row.recorded_at);
  const same = leaf.event_id === row.event_id && moment && [null, leaf.recorded_by].includes(row.recorded_by) && [null, base64(hash)].includes(row.leaf_hash);
  if (!same) throw new Refused(filled(texts.audit.other, { position: row.position }));
  row.mark.textContent = "✓";
  row.mark.setAttribute("aria-label", texts.audit.holds);
  row.mark.setAttribute("role", "img");
}
