/** What recording would change: the service's preview, in sentences. Nothing is recorded by asking. */

import { knownAt, stamp } from "../address.js";
import { h } from "../elements.js";
import { address, ask } from "../service.js";
import { state } from "../store.js";
import { tell } from "../times.js";
import { actorName, clock, numberOf, world } from "../world.js";
import { filled, says, sentences, texts } from "../words.js";

/** Later than anything may be published: all that is known today. */
const ALL = "9999-12-31T00:00:00Z";

/**
 * Ask what an event would change, at the moment that the map shows.
 * @param {Record<string, any>} event  @param {string | undefined} own  its own time
 */
export async function foresee(event, own) {
  const known = clock() === "reported" ? knownBy(own) : undefined;
  const query = { view: state.view, at: state.at === null ? undefined : stamp(state.at), known_at: known };
  const answer = await ask(address("/v1/preview", query), { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(event) });
  return answer.json();
}

/** As the map is known; what becomes known later only is asked for as known then. @param {string | undefined} own */
function knownBy(own) {
  const known = knownAt(state);
  if (known === null) return ALL;
  return isLater(own) ? own : stamp(known);
}

/** Whether the map, as it is set, does not know yet of what is told now. @param {string | undefined} own */
function isLater(own) {
  const known = knownAt(state);
  if (known === null) return false;
  return clock() === "recorded" || (own !== undefined && Date.parse(own) > known);
}

/**
 * A preview in words: what stands now, and what would.
 * @param {any} answer  @param {string} about  the development that is spoken of  @param {string | undefined} own
 * @param {(id: string) => string} nameOf  of another development
 */
export function foreseenWords(answer, about, own, nameOf) {
  const words = texts.desk;
  const by = answer.clock === "recorded" ? words.from_now : answer.known_at.startsWith("9999") ? words.by_today : filled(words.by_then, { when: tell(Date.parse(answer.known_at)) });
  const standing = (one) => texts.standing[one.standing] ?? one.standing;
  const itself = answer.developments.find((one) => one.development_id === about);
  const others = answer.developments.filter((one) => one !== itself);
  return [
    h("p.quiet", null, `${filled(words.would, { at: tell(Date.parse(answer.at)), known: by })}:`),
    itself ? h("p", null, filled(words.would_stand, { standing: standing(itself) })) : null,
    ...others.map((one) => h("p", null, filled(words.other_stands, { what: nameOf(one.development_id), standing: standing(one) }))),
    ...(answer.places.length ? answer.places.map(turned) : [h("p", null, words.nothing)]),
    answer.more_places ? h("p.quiet", null, filled(words.more_places, { n: answer.more_places })) : null,
    isLater(own) ? h("p.quiet", null, filled(words.later_known, { when: answer.clock === "recorded" || !own ? words.from_now : tell(Date.parse(own)) })) : null,
  ].filter((one) => one !== null);
}

/** One place before and after. */
function turned(one) {
  const place = world.places.names[numberOf(one.location_id)] ?? one.location_id;
  const [before, after] = [one.before, one.after].map((facets) => told(place, facets));
  if (before === after) return h("p", null, h("b", { dir: "auto" }, place), ` ${texts.desk.stays}: ${after}`);
  return h("dl.turned", null, h("dt", null, texts.desk.now), h("dd", null, before), h("dt", null, texts.desk.then), h("dd.good", null, after));
}

/** The status of a place as the page says it. */
function told(place, { control, access }) {
  const passes = access && access.mode !== "unknown" ? filled(texts.sentence.access, { says: says(access, actorName) }) : "";
  return [...sentences(place, control, actorName), passes].filter(Boolean).join(" ");
}
