/** A word that comes and goes, with a way back. */

import { h } from "./elements.js";

let waiting = 0;

/** @param {string} words  @param {string} [offer]  @param {() => void} [take] */
export function toast(words, offer, take) {
  document.querySelector(".toast")?.remove();
  clearTimeout(waiting);
  const button = offer && take ? h("button", { type: "button", onclick: () => { box.remove(); take(); } }, offer) : null;
  const box = h("div.toast", { role: "status" }, words, button);
  document.body.append(box);
  waiting = window.setTimeout(() => box.remove(), 8000);
}
