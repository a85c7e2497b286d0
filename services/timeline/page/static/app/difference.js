/**
 * Why two answers about a place differ: the claims that count otherwise on one side, and the statements that are known on one
 * side alone. Read from the service's own explanation of both (`/v1/locations/{id}/explain`), asked for when a place is opened.
 */

import { h } from "./elements.js";
import { questions } from "./other.js";
import { json } from "./service.js";
import { tell } from "./times.js";
import { filled, texts } from "./words.js";

/** The parts of claims that make an answer; what was superseded on both sides makes no difference. */
const WEIGHT = { basis: 0, pending: 1, conflicting: 2, ignored: 3 };
const MOST = 4;

/** @param {string} place  @returns {Promise<HTMLElement[]>} */
export async function because(place) {
  try {
    const [here, there] = await Promise.all(questions().map((asked) => json(`/v1/locations/${encodeURIComponent(place)}/explain`, asked)));
    return told(here, there);
  } catch (error) {
    return [h("p.wrong", null, error instanceof Error ? error.message : String(error))];
  }
}

/** What makes the difference between two explanations, the claims that decide first. */
export function told(here, there) {
  const words = texts.compare;
  const found = differingClaims(here, there);
  const policy = here.policy === there.policy ? [] : [h("p.policy", null, filled(words.policies, { here: here.policy, there: there.policy })),
    h("p.policy", null, h("b", null, `${here.policy}: `), here.policy_words), h("p.policy", null, h("b", null, `${there.policy}: `), there.policy_words)];
  if (!found.length) return [...policy, h("p.quiet", null, words.no_claim)];
  const more = found.length > MOST ? [h("p.quiet", null, filled(words.more, { n: found.length - MOST }))] : [];
  return [h("ol.causes", null, ...found.slice(0, MOST).map(claim)), ...more, ...policy];
}

/** Claims of control that count otherwise, or stand otherwise, on the two sides. */
function differingClaims(here, there) {
  const [mine, theirs] = [here, there].map((side) => new Map(side.claims.filter((one) => one.facet === "control").map((one) => [one.development_id, one])));
  const pairs = [...new Set([...mine.keys(), ...theirs.keys()])].map((id) => ({ one: mine.get(id), two: theirs.get(id) }));
  const differ = pairs.filter(({ one, two }) => one?.part !== two?.part || one?.standing !== two?.standing);
  return differ.filter(({ one, two }) => weight(one) < 9 || weight(two) < 9).sort((a, b) => rank(a) - rank(b));
}

const weight = (claim) => (claim ? WEIGHT[claim.part.split(" ")[0].replace(/,$/, "")] ?? 9 : 9);
const rank = ({ one, two }) => Math.min(weight(one), weight(two));

function claim({ one, two }) {
  const words = texts.compare;
  const some = one ?? two;
  const stands = (side) => (side ? `${texts.parts[side.part] ?? side.part}, ${texts.standing[side.standing] ?? side.standing}` : words.unknown);
  const [only, elsewhere] = [statementsOf(one, two), statementsOf(two, one)];
  return h("li", null,
    h("p", null, h("b", null, some.summary || texts.kinds[some.kind] || some.kind), " ", h("span.quiet", null, tell(Date.parse(some.takes_effect)))),
    h("dl", null, h("dt", null, words.here), h("dd", null, stands(one)), h("dt", null, words.there), h("dd", null, stands(two))),
    one && two && one.words !== two.words ? h("p.said", null, one.words) : null,
    known(words.only_here, one && two ? only : []), known(words.only_there, one && two ? elsewhere : []),
    one && two ? null : h("ul", null, ...some.statements.slice(-3).map(statement)));
}

/** The statements about a claim that one side knows and the other does not. */
function statementsOf(one, two) {
  const other = new Set((two?.statements ?? []).map((each) => each.position));
  return (one?.statements ?? []).filter((each) => !other.has(each.position));
}

const known = (label, some) => (some.length ? h("div", null, h("p.quiet", null, label), h("ul", null, ...some.slice(-3).map(statement))) : null);

const statement = (one) => h(`li${one.affirms ? "" : ".denial"}`, null, one.words, h("span.quiet", null, ` ${tell(Date.parse(one.published_at))}`));
