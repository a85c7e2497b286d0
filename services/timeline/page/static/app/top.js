/** The top bar: search, what opens beside it, the theme. */

import { h } from "./elements.js";
import { changedBefore } from "./changed.js";
import { choose } from "./compare.js";
import { corrections } from "./corrections.js";
import { legend } from "./legend.js";
import { fetchMoments, moments } from "./moments.js";
import { search } from "./search.js";
import { share } from "./share.js";
import { set, state } from "./store.js";
import { DAY } from "./times.js";
import { texts } from "./words.js";

const THEME = "timeline-theme";

/** @param {HTMLElement} box  @param {{show: (number: number) => void, themed: () => void}} page */
export function top(box, page) {
  const words = texts.top;
  const theme = h("button", { type: "button", title: words.theme, "aria-label": words.theme, onclick: () => turn(page.themed) }, "◐");
  const table = h("button", { type: "button", "aria-pressed": "false", onclick: () => set({ as: state.as === "table" ? "map" : "table" }) }, words.table);
  const captioned = popup(words.moments, moments);
  captioned.hidden = true;
  fetchMoments().then((any) => (captioned.hidden = !any));
  box.replaceChildren(
    search(page.show), captioned, popup(words.changes, changes), popup(words.corrections, corrections), popup(words.compare, choose), popup(words.legend, legend), table,
    popup(words.share, share, "button.strong"), theme);
  return { draw: () => table.setAttribute("aria-pressed", String(state.as === "table")) };
}

/** A button that opens a box below it, filled when it opens. @param {string} label  @param {() => Node} fill  @param {string} [kind] */
function popup(label, fill, kind = "button") {
  const box = h("div.popup", { hidden: true, tabindex: -1, role: "dialog", "aria-label": label });
  const button = h(kind, { type: "button", "aria-expanded": "false", "aria-haspopup": "dialog" }, label);
  const close = (event) => {
    if (event && event.type === "pointerdown" && holder.contains(event.target)) return;
    if (event && event.type === "keydown" && event.key !== "Escape") return;
    box.hidden = true;
    button.setAttribute("aria-expanded", "false");
    for (const type of ["pointerdown", "keydown"]) document.removeEventListener(type, close);
    if (event?.type === "keydown") button.focus();
  };
  button.addEventListener("click", () => {
    if (!box.hidden) return close(null);
    box.replaceChildren(fill());
    box.hidden = false;
    button.setAttribute("aria-expanded", "true");
    for (const type of ["pointerdown", "keydown"]) document.addEventListener(type, close);
    box.focus({ preventScroll: true });
  });
  box.addEventListener("close-popup", () => close(null));
  const holder = h("div.holder", null, button, box);
  return holder;
}

/** What changed in the time before, of two lengths. */
function changes() {
  const box = h("div.since", null);
  const show = (days) => box.replaceChildren(choice, changedBefore(days * DAY));
  const choice = h("p", null, `${texts.changes.since} `,
    h("button", { type: "button", onclick: () => show(1) }, texts.changes.day), " ", h("button", { type: "button", onclick: () => show(7) }, texts.changes.week));
  show(1);
  return box;
}

/** The theme that was chosen, before anything is drawn. */
export function beginTheme() {
  const held = localStorage.getItem(THEME);
  if (held === "dark" || held === "light") document.documentElement.dataset.theme = held;
}

function turn(themed) {
  const dark = document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const next = dark === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  localStorage.setItem(THEME, next);
  themed();
}
