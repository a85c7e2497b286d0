/** A pinned page does not change. Where the record has gone on since, it says so in one line, with a way to go live. */

import { h } from "./elements.js";
import { set, state, subscribe } from "./store.js";
import { filled, texts } from "./words.js";

const words = h("span", null);
const live = h("button", { type: "button", onclick: goLive }, texts.newer.live);
const box = h("p.newer", { role: "status", hidden: true }, words, " ", live);
document.querySelector(".stage")?.append(box);

let head = 0;

/** The log has come to a position. @param {number} position */
export function reached(position) {
  head = Math.max(head, position);
  draw();
}

function draw() {
  const { position } = state;
  box.hidden = position === null || head <= position;
  const count = (/** @type {number} */ one) => one.toLocaleString("en");
  if (!box.hidden) words.textContent = filled(texts.newer.says, { position: count(position ?? 0), head: count(head) });
}

/** The same times in the world, with all that is recorded by today. */
function goLive() {
  set({ position: null, known: null, follow: state.follow === "then" ? "then" : "today" });
}

subscribe(draw);
