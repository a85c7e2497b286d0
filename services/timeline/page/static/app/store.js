/** The one state object: read from the address, changed by `set`, told to whoever draws from it, kept in the address. */

import { read, write } from "./address.js";

/** @typedef {import("./address.js").State} State */

/** @type {Set<(state: State, before: State) => void>} */
const listeners = new Set();

/** Whether the page was opened at the start link itself; other links are shown as they are. */
export const atStart = !location.search;

const begun = location.search || `?${(document.documentElement.dataset.start ?? "").replace(/^[^?]*\?/, "")}`;

/** @type {State} */
export let state = read(new URLSearchParams(begun));

/** Whether a hand is dragging: what needs the service waits until it rests. */
export const hand = { down: false };

let waiting = 0;

/** Change the state, tell everybody, and keep it in the address. A development is let go with its place, or its audit. @param {Partial<State>} change */
export function set(change) {
  const before = state;
  const left = ("place" in change && change.place !== before.place) || ("as" in change && change.as !== "audit");
  const elsewhere = left && !("development" in change);
  state = { ...state, ...(elsewhere ? { development: null } : {}), ...change };
  if (!Object.keys(change).some((name) => before[name] !== state[name])) return;
  for (const listen of listeners) listen(state, before);
  keep();
}

/** Hear of every change. @param {(state: State, before: State) => void} listen */
export function subscribe(listen) {
  listeners.add(listen);
}

/** The address is written when a hand rests: browsers refuse to have it written a hundred times in some seconds. */
export function keep() {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    if (hand.down) return keep();
    history.replaceState(null, "", `${location.pathname}?${write(state)}`);
    for (const tell of rested) tell();
  }, 200);
}

/** @type {Set<() => void>} */
const rested = new Set();

/** Hear when the hand has come to rest. @param {() => void} tell */
export const atRest = (tell) => void rested.add(tell);

addEventListener("popstate", () => set(read(new URLSearchParams(location.search))));
