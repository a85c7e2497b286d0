/** Corrections: what was accepted for an hour or more and later overturned, the last first. */

import { stamp, knownAt } from "./address.js";
import { h } from "./elements.js";
import { json } from "./service.js";
import { set, state } from "./store.js";
import { age, tell } from "./times.js";
import { actorName } from "./world.js";
import { filled, says, texts } from "./words.js";

/** A list that fills itself. */
export function corrections() {
  const box = h("section", { "aria-busy": "true" }, h("p.quiet", null, texts.corrections.says));
  fill(box).catch((error) => box.append(h("p.wrong", null, String(error.message))));
  return box;
}

async function fill(box) {
  const known = knownAt(state);
  const found = await json("/v1/audit/corrections", { view: state.view, known_at: known === null ? null : stamp(known) });
  box.setAttribute("aria-busy", "false");
  box.append(found.corrections.length ? h("ol.changes", null, ...found.corrections.map(entry)) : h("p", null, texts.corrections.none));
}

function entry(one) {
  const [from, until] = [Date.parse(one.accepted_from), Date.parse(one.overturned_at)];
  const words = filled(texts.corrections.entry, {
    says: says(one, actorName), accepted: texts.standing[one.accepted_as] ?? one.accepted_as, age: age(one.seconds * 1000),
    overturned: texts.standing[one.overturned_to] ?? one.overturned_to, when: tell(until),
  });
  const go = (event) => {
    set({ place: one.location_id, at: from, known: until, follow: "free" });
    event.target.dispatchEvent(new Event("close-popup", { bubbles: true }));
  };
  return h("li", null, h("button.row", { type: "button", onclick: go }, h("span", null, h("b", null, one.name), ` ${words}`, h("span.quiet", null, one.summary))));
}
