/** Find a place by its name in any script, its id or its code: a combobox after the pattern of ARIA. */

import { h } from "./elements.js";
import { fold } from "./folding.js";
import { foldedWords } from "./names.js";
import { set } from "./store.js";
import { world } from "./world.js";
import { texts } from "./words.js";

const MOST = 8;

/** @param {(number: number) => void} found */
export function search(found) {
  let [at, hits] = [-1, /** @type {number[]} */ ([])];
  const list = h("ul.hits", { id: "hits", role: "listbox", hidden: true, "aria-label": texts.top.search });
  const input = /** @type {HTMLInputElement} */ (h("input", {
    type: "search", role: "combobox", "aria-expanded": "false", "aria-controls": "hits", "aria-autocomplete": "list", "aria-label": texts.top.search,
    placeholder: texts.top.search, autocomplete: "off", spellcheck: "false", dir: "auto", name: "search",
  }));
  const show = () => {
    const none = input.value.trim() && !hits.length ? [h("li.none", { role: "option", "aria-disabled": "true", "aria-selected": "false" }, texts.top.none)] : [];
    list.replaceChildren(...hits.map((number, row) => hit(number, row, row === at, take)), ...none);
    list.hidden = !hits.length && !none.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    input.setAttribute("aria-activedescendant", at >= 0 ? `hit-${at}` : "");
  };
  const close = () => {
    [at, hits] = [-1, []];
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
  };
  const take = (number) => {
    close();
    input.value = "";
    set({ place: world.places.ids[number] });
    found(number);
  };
  input.addEventListener("input", () => {
    hits = matching(input.value);
    at = hits.length ? 0 : -1;
    if (input.value.trim()) show();
    else close();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      at = hits.length ? (at + (event.key === "ArrowDown" ? 1 : hits.length - 1)) % hits.length : -1;
      show();
      event.preventDefault();
    } else if (event.key === "Enter" && at >= 0) take(hits[at]);
    else if (event.key === "Escape") close();
  });
  input.addEventListener("blur", () => setTimeout(() => document.activeElement !== input && close(), 150));
  return h("div.search", { role: "search" }, input, list);
}

/** The places with these letters in a name, their id or a code: whole names first, then beginnings. @param {string} text */
export function matching(text) {
  const wanted = fold(text);
  if (!wanted) return [];
  const [found, words] = [[], foldedWords()];
  for (let number = 0; number < world.places.ids.length; number += 1) {
    let rank = 9;
    for (const one of words[number]) rank = Math.min(rank, one === wanted ? 0 : one.startsWith(wanted) ? 1 : one.includes(wanted) ? 2 : 9);
    if (rank < 9) found.push([rank, number]);
  }
  return found.sort((a, b) => a[0] - b[0]).slice(0, MOST).map(([, number]) => number);
}

function hit(number, row, chosen, take) {
  const parent = world.numbers.get(world.places.parents[number] ?? "") ?? -1;
  return h("li", { id: `hit-${row}`, role: "option", "aria-selected": String(chosen), onpointerdown: (event) => { event.preventDefault(); take(number); } },
    h("b", null, world.places.names[number]), h("span.original", { dir: "auto" }, (world.places.other_names[number] ?? []).join(" · ")),
    parent >= 0 ? h("span.quiet", null, world.places.names[parent]) : null);
}
