/** Sentences out of the one file of texts: what `page/texts.py` says on the server. */

import texts from "./texts.en.json" with { type: "json" };

export { texts };

/** @typedef {{mode: string, holders: string[], challengers: string[]}} Says */
/** @typedef {Says & {standing: string | null, pending: (Says & {standing: string})[]}} Answer */

/** A text with its blanks filled. @param {string} template  @param {Record<string, string | number>} values */
export function filled(template, values) {
  return template.replace(/\{(\w+)\}/g, (blank, name) => (name in values ? String(values[name]) : blank));
}

/** Words as a list in a sentence. @param {string[]} words */
export function listed(words) {
  if (words.length < 2) return words[0] ?? texts.nobody;
  return `${words.slice(0, -1).join(", ")} ${texts.and} ${words[words.length - 1]}`;
}

/** What an assertion says of a place. @param {Says} one  @param {(actor: string) => string} name */
export function says(one, name) {
  const holders = listed(one.holders.map(name));
  const challengers = listed(one.challengers.map(name));
  if (one.mode === "contested" && !(one.holders.length && one.challengers.length))
    return filled(texts.says.contested_by, { holders: one.holders.length ? holders : challengers });
  return filled(texts.says[one.mode], { holders, challengers });
}

/** What is accepted of a place, and what is claimed beside it. @param {string} place  @param {Answer | null} answer */
export function sentences(place, answer, name) {
  const said = texts.sentence;
  const pending = answer?.pending ?? [];
  const first = !answer || answer.mode === "unknown"
    ? filled(pending.length ? said.all_pending : said.no_claim, { place })
    : filled(said.is, { place, says: says(answer, name) });
  return [first, also(pending, name)];
}

/** @param {(Says & {standing: string})[]} pending */
function also(pending, name) {
  const claims = pending.map((one) => `${says(one, name)} (${texts.standing[one.standing]})`);
  return claims.length ? filled(texts.sentence.also, { claims: claims.join("; ") }) : "";
}
