/** At the start the known time glides once to the next day and back, so that a reader sees what it does. Any input stops it. */

import { calm } from "./calm.js";
import { atStart, set, state } from "./store.js";
import { DAY } from "./times.js";

const LASTS = 5200;
const INPUTS = ["pointerdown", "keydown", "wheel", "touchstart"];

/** Only at the start link itself: who follows another link wants what it says. */
export function glide() {
  const { at, follow } = state;
  if (calm() || at === null || follow !== "then" || !atStart || state.place === null) return;
  const begun = performance.now();
  let stopped = false;
  const stop = () => {
    stopped = true;
    for (const one of INPUTS) removeEventListener(one, stop, true);
  };
  for (const one of INPUTS) addEventListener(one, stop, true);
  const frame = (now) => {
    const part = (now - begun) / LASTS;
    if (stopped || state.at !== at) return;
    if (part >= 1) {
      stop();
      set({ follow, known: null });
      return;
    }
    const there = part < 0.42 ? ease(part / 0.42) : part < 0.6 ? 1 : 1 - ease((part - 0.6) / 0.4);
    set({ follow: "free", known: at + Math.round((there * DAY * 0.9) / 60_000) * 60_000 });
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

const ease = (part) => (part < 0.5 ? 2 * part * part : 1 - (2 - 2 * part) ** 2 / 2);
