/** What changed in a time before the state's moment, place by place: read from the columns, without a request. */

import { knownAt } from "./address.js";
import { h } from "./elements.js";
import { picture } from "./marks.js";
import { set, state } from "./store.js";
import { DAY, tell } from "./times.js";
import { actorName, moments, world } from "./world.js";
import { filled, says, texts } from "./words.js";

/** @param {number} [span]  how long before */
export function changedBefore(span = DAY) {
  const [at] = moments();
  const [then, now] = [answersAt(at - span), world.shown.control];
  const numbers = [...then.keys()].filter((number) => then[number] !== now[number] && differ(then[number], now[number]));
  const list = numbers.slice(0, 200).map((number) => entry(number, then[number], now[number]));
  const words = texts.changes;
  return h("section", null,
    h("h2.small", null, span === DAY ? texts.panel.changed : filled(words.title, { when: tell(at - span) })),
    numbers.length ? h("p.quiet", null, numbers.length === 1 ? words.one : filled(words.count, { n: numbers.length.toLocaleString("en") })) : h("p.quiet", null, words.none),
    h("ol.changes", null, ...list));
}

/** Whether two answers tell a reader something else; one that only rests on another claim does not. */
function differ(before, now) {
  const [was, is] = [before, now].map((one) => {
    const answer = world.beliefs?.answers[one];
    return answer && JSON.stringify([answer, ...answer.pending].map((each) => [each.mode, each.holders, each.challengers, each.standing]));
  });
  return was !== is;
}

/** What all places showed at an earlier moment, as known by the state's rule. */
function answersAt(moment) {
  const found = new Uint32Array(world.shown.control.length);
  const known = state.follow === "then" ? moment : knownAt(state) ?? 8.64e15;
  world.beliefs?.pick("control", moment, known, found);
  return found;
}

function entry(number, before, now) {
  const [was, is] = [before, now].map((one) => world.beliefs?.answers[one] ?? null);
  const plain = (answer) => {
    if (!answer || answer.mode === "unknown") return answer?.pending.length ? texts.standing.unconfirmed : texts.modes.unknown;
    return says(answer, actorName);
  };
  // Where both say the same, it is the standing that changed, or what is claimed beside it.
  const same = plain(was) === plain(is);
  const words = (answer) => (same && answer?.standing ? `${plain(answer)} (${texts.standing[answer.standing]})` : plain(answer));
  const pending = is?.pending.length ? `; ${filled(texts.sentence.also, { claims: is.pending.map((one) => `${says(one, actorName)} (${texts.standing[one.standing]})`).join("; ") })}` : "";
  return h("li", null, h("button.row", { type: "button", onclick: () => set({ place: world.places.ids[number] }) },
    picture(is), h("span", null, h("b", null, world.places.names[number]), " ", `${words(is)}${pending}`, h("span.quiet", null, ` ${texts.changes.was} ${words(was)}`))));
}
