/** Choose one of many by typing a part of its name: a combobox after the pattern of ARIA. */

import { h } from "../elements.js";
import { fold } from "../folding.js";
import { unique } from "./fields.js";

const MOST = 8;

/** @typedef {{id: string, name: string, note?: string, words?: string[]}} Offered  `words`: what else it is found by */

/**
 * @param {object} wanted
 * @param {string} wanted.label
 * @param {string} wanted.none  what is said where nothing is found
 * @param {(text: string) => Offered[]} wanted.find
 * @param {(one: Offered) => void} wanted.take
 * @param {() => void} [wanted.back]  Backspace where nothing is typed
 * @param {{words: (text: string) => string, take: (text: string) => void}} [wanted.other]  what to do with a name that is not there
 */
export function picker({ label, none, find, take, back, other }) {
  /** @type {{words: Node[], chosen: () => void}[]} */
  let offers = [];
  let at = -1;
  const list = h("ul.hits", { id: unique("hits"), role: "listbox", hidden: true, "aria-label": label });
  const input = /** @type {HTMLInputElement} */ (h("input", {
    type: "text", role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list", "aria-label": label, placeholder: label,
    autocomplete: "off", spellcheck: "false", dir: "auto",
  }));
  const draw = () => {
    const rows = offers.map((one, row) => h("li", {
      id: `${list.id}-${row}`, role: "option", "aria-selected": String(row === at), onpointerdown: (event) => { event.preventDefault(); choose(row); },
    }, ...one.words));
    const nothing = offers.length ? [] : [h("li.none", { role: "option", "aria-disabled": "true", "aria-selected": "false" }, none)];
    list.replaceChildren(...rows, ...nothing);
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    if (at >= 0) input.setAttribute("aria-activedescendant", `${list.id}-${at}`);
    else input.removeAttribute("aria-activedescendant");
  };
  const close = () => {
    [at, offers] = [-1, []];
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (row) => {
    const { chosen } = offers[row];
    input.value = "";
    close();
    chosen();
  };
  const look = () => {
    const text = input.value.trim();
    offers = find(text).slice(0, MOST).map((one) => ({ words: wordsOf(one), chosen: () => take(one) }));
    if (text && other) offers.push({ words: [h("span", null, other.words(text))], chosen: () => other.take(text) });
    at = offers.length && text ? 0 : -1;
    if (text || offers.length) draw();
    else close();
  };
  input.addEventListener("input", look);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) look();
      if (!offers.length) return;
      at = (at + (event.key === "ArrowDown" ? 1 : offers.length - (at < 0 ? 0 : 1))) % offers.length;
      draw();
    } else if (event.key === "Enter") {
      event.preventDefault(); // a form is not sent out of the middle of a choice
      if (at >= 0) choose(at);
    } else if (event.key === "Escape") close();
    else if (event.key === "Backspace" && !input.value) back?.();
  });
  input.addEventListener("blur", () => setTimeout(() => document.activeElement !== input && close(), 150));
  return { box: h("div.picker", null, input, list), input };
}

/** @param {Offered} one */
const wordsOf = (one) => [h("b", null, one.name), h("span.quiet", null, one.note ?? one.id)];

/** Those with these letters in their name, their id or another word: whole words first, then beginnings. @param {Offered[]} all  @param {string} text */
export function matching(all, text) {
  const wanted = fold(text);
  const ranked = all.map((one) => /** @type {[number, Offered]} */ ([rank(one, wanted), one])).filter(([found]) => found < 9);
  return ranked.sort((a, b) => a[0] - b[0]).map(([, one]) => one);
}

/** @param {Offered} one  @param {string} wanted */
function rank(one, wanted) {
  if (!wanted) return 3;
  return Math.min(...[one.name, one.id, ...(one.words ?? [])].map((word) => {
    const said = fold(word);
    return said === wanted ? 0 : said.startsWith(wanted) ? 1 : said.includes(wanted) ? 2 : 9;
  }));
}
