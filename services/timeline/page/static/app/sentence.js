/** The sentence at the top: both times, what is accepted, what is claimed beside it. It is the page's title too. */

import { byId, h } from "./elements.js";
import { atRest, state } from "./store.js";
import { when } from "./times.js";
import { actorName, answerOf, clock, numberOf, world } from "./world.js";
import { filled, sentences, texts } from "./words.js";

/** What the page shows, in words: when, what is accepted, what is claimed. @returns {[string, string, string]} */
export function told() {
  const number = numberOf(state.place);
  const both = when(state, clock());
  if (number >= 0) return [both, ...sentences(world.places.names[number], answerOf(number), actorName)];
  if (state.place !== null) return [both, filled(texts.panel.unregistered, { place: state.place }), ""];
  return [both, everywhere(), ""];
}

function everywhere() {
  const { control } = world.shown;
  if (!control.length) return texts.sentence.empty;
  let known = 0;
  const held = world.beliefs?.held ?? [];
  for (let number = 0; number < control.length; number += 1) known += held[control[number]];
  const told = (count) => count.toLocaleString("en");
  return filled(texts.sentence.everywhere, { known: told(known), places: told(control.length) });
}

/** Write it. */
export function drawSentence() {
  const [both, first, also] = told();
  const written = [h("span.when", null, `${both}:`), " ", h("strong", null, first), " ", h("span.also", null, also)];
  const box = byId("sentence");
  if (box.textContent !== written.map((one) => (typeof one === "string" ? one : one.textContent)).join("")) box.replaceChildren(...written);
}

// The title waits until a hand rests: a browser that hears of a new one may ask for the icon again.
atRest(() => (document.title = `${told()[1]} ${told()[0]}. ${texts.title}`));
