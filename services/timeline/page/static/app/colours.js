/**
 * Colour is the actor, in the order of registration: six that all kinds of colour blindness keep apart, then grey with
 * initials. None is blue, red or green, which mean friend, foe and neutral on military maps.
 */

import { world } from "./world.js";

export const COLOURS = ["#AC801E", "#AD74ED", "#6BD9E4", "#B82187", "#DCD423", "#5A2E1A"];
export const GREY = "#8D9096";

/** The number of an actor's colour; the last is grey. @param {string} actor */
export function colourNumber(actor) {
  return Math.min(world.order.get(actor) ?? COLOURS.length, COLOURS.length);
}

/** @param {string} actor */
export const colour = (actor) => COLOURS[colourNumber(actor)] ?? GREY;

/** The colours as parts of one, in the order of their numbers. */
export const parts = [...COLOURS, GREY].flatMap((one) => [1, 3, 5].map((at) => parseInt(one.slice(at, at + 2), 16) / 255));

const SMALL = new Set(["of", "the", "in", "and", "al", "as", "at"]);

/** One to three letters for an actor. @param {string} name */
export function initials(name) {
  const words = name.split(/[\s–-]+/).filter((word) => word && !SMALL.has(word.toLowerCase()));
  if (words.length === 1) return [...words[0]].slice(0, 3).join("");
  return words.slice(0, 3).map((word) => [...word][0].toUpperCase()).join("");
}

/** @type {Map<string, string>} */
const held = new Map();

/** A colour of the theme. @param {string} name */
export function themed(name) {
  if (!held.has(name)) held.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  return /** @type {string} */ (held.get(name));
}

/** The theme has changed. */
export const forgetTheme = () => held.clear();
