/**
 * While the map is fetched: a thin bar, and after a moment the stage that it is at, in words. What was drawn before stays under it;
 * at first that is the sentence and the reasons, which the server wrote into the page.
 */

import { byId, h } from "./elements.js";
import { filled, texts } from "./words.js";

/** What is done sooner is not told. */
const SOON = 700;

const box = h("p.stage-words", { role: "status", hidden: true });
byId("bar").after(box);

let [begun, stage, ticking, active] = [0, "asking", 0, false];
let read = 0;

/** Begin to wait. */
export function begin() {
  [begun, stage, read, active] = [performance.now(), "asking", 0, true];
  byId("bar").hidden = false;
  clearInterval(ticking);
  ticking = window.setInterval(tell, 250);
}

/** The next stage. @param {'asking' | 'reading' | 'drawing'} now */
export function at(now) {
  stage = now;
  tell();
}

/** Nothing is waited for any more. */
export function end() {
  active = false;
  clearInterval(ticking);
  byId("bar").hidden = box.hidden = true;
}

/** The body of an answer, told as it comes. @param {Response} answer */
export async function bytes(answer) {
  const reader = answer.body?.getReader();
  if (!reader) return answer.arrayBuffer();
  at("reading");
  const parts = [];
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    read += part.value.length;
  }
  const whole = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0));
  parts.reduce((to, one) => (whole.set(one, to), to + one.length), 0);
  return whole.buffer;
}

function tell() {
  const waited = performance.now() - begun;
  if (!active || waited < SOON) return;
  const words = filled(texts.waiting[stage], { seconds: Math.floor(waited / 1000), mb: (read / 1e6).toFixed(1) });
  if (box.textContent !== words) box.textContent = words;
  box.hidden = false;
}
