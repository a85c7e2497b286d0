/**
 * Colour is the actor, in the order of registration: six that all kinds of colour blindness keep apart, then grey with
 * initials. None is blue, red or green, which mean friend, foe and neutral on military maps. The operator may choose others.
 */

import { operator } from "./operator.js";
import { actorName, world } from "./world.js";

export const COLOURS = ["#AC801E", "#AD74ED", "#6BD9E4", "#B82187", "#DCD423", "#5A2E1A"];
export const GREY = "#8D9096";

/** So many colours are told apart by their numbers, in four bits; one number is for none. */
export const MOST = 15;

/** All colours in the order of their numbers: the six, grey, and the operator's. */
const palette = () => [...new Set([...COLOURS, GREY, ...[...operator.colours.values()].map((one) => one.toUpperCase())])].slice(0, MOST);

/** The number of an actor's colour. @param {string} actor */
export function colourNumber(actor) {
  const chosen = operator.colours.get(actor);
  return chosen ? palette().indexOf(chosen.toUpperCase()) : Math.min(world.order.get(actor) ?? COLOURS.length, COLOURS.length);
}

/** @param {string} actor */
export const colour = (actor) => operator.colours.get(actor) ?? COLOURS[world.order.get(actor) ?? COLOURS.length] ?? GREY;

/** The red, green and blue of a colour, each as a part of one. @param {string} hex */
export const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);

/** The colours as parts of one, in the order of their numbers. */
export const parts = () => [...palette(), ...Array(MOST).fill(GREY)].slice(0, MOST).flatMap(rgb);

/** Whether white reads better on a colour than black does. @param {string} hex */
export const isDark = (hex) => rgb(hex).reduce((sum, part, at) => sum + [0.2126, 0.7152, 0.0722][at] * part ** 2.2, 0) < 0.179;

const SMALL = new Set(["of", "the", "in", "and", "al", "as", "at"]);

/** What stands for an actor on a mark: what the operator says, or of its name today. @param {string} actor */
export const initialsOf = (actor) => operator.initials.get(actor) ?? initials(actorName(actor));

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
