/**
 * A situation report: what the page shows as one sheet of paper, made when the browser prints. The map stands in it as a
 * picture, in the colours of the light theme, since paper is white. A browser does not wait: all of it is made in one turn.
 */

import { beliefMap } from "./beliefmap.js";
import { h } from "./elements.js";
import { entries } from "./legend.js";
import { snapshot } from "./picture.js";
import { provenanceLines, rooted } from "./provenance.js";
import { told } from "./sentence.js";
import { state } from "./store.js";
import { tell } from "./times.js";
import { numberOf, world } from "./world.js";
import { filled, texts } from "./words.js";

/** So many developments, or changes, are told; the panel has them all. */
const MOST = 5;

/** @type {HTMLElement | null} */
let sheet = null;

/** @type {() => void} */
let back = () => {};

/**
 * Make the sheet whenever something is printed. @param {() => import("./map.js").Chart | null} chart
 * @param {() => void} themed  the theme has changed
 */
export function printing(chart, themed) {
  const begin = () => {
    if (sheet || ["audit", "desk"].includes(state.as)) return;
    back = onWhite(chart());
    document.body.append((sheet = drawn(chart())));
    document.body.classList.add("reported");
  };
  const end = () => {
    sheet?.remove();
    sheet = null;
    document.body.classList.remove("reported");
    back();
    back = () => {};
  };
  const onWhite = (/** @type {import("./map.js").Chart | null} */ map) => {
    const root = document.documentElement;
    const before = root.dataset.theme;
    if ((before ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "light") return () => {};
    root.dataset.theme = "light";
    map?.recolour();
    return () => {
      if (before === undefined) delete root.dataset.theme;
      else root.dataset.theme = before;
      themed();
    };
  };
  // A log without a checkpoint has no root to tell yet, and a browser complains of each refusal: it is asked for where somebody may print.
  addEventListener("keydown", ({ key }) => void (["Control", "Meta"].includes(key) && rooted()));
  addEventListener("beforeprint", begin);
  addEventListener("afterprint", end);
  matchMedia("print").addEventListener("change", ({ matches }) => (matches ? begin() : end()));
}

/** Print, with the root as it is now. */
export async function printReport() {
  await rooted();
  print();
}

/** @param {import("./map.js").Chart | null} chart */
function drawn(chart) {
  const [both, first, also] = told();
  const words = texts.report;
  const number = numberOf(state.place);
  const beliefs = number >= 0 ? beliefMap(number) : null;
  beliefs?.draw();
  const reasons = copies("#panel .why li");
  const { list, count } = latest();
  return h("section.report", { id: "report" },
    h("header", null, h("p.kicker", null, `${words.title} · ${texts.title}`), h("p.when", null, `${both}:`), h("p.headline", null, h("strong", null, first), " ", also)),
    h("figure.sheet-map", null, chart?.map ? seen(chart) : h("p.notice", null, texts.empty.webgl), h("figcaption", null, `${texts.legend.borders} ${chart?.credit ?? ""}`)),
    h("div.columns", null,
      h("div", null,
        reasons.length ? h("h3", null, texts.panel.why) : null, reasons.length ? h("ol.why", null, ...reasons) : null,
        h("h3", null, heading(list.length, count)), list.length ? h("ol.short", null, ...list) : h("p", null, state.place === null ? texts.changes.none : texts.panel.no_developments)),
      h("div", null,
        beliefs ? h("h3", null, texts.panel.beliefs) : null, beliefs?.box ?? null,
        h("h3", null, words.legend), h("ul.key", null, ...entries()), h("p.small", null, texts.legend.no_front))),
    h("footer", null, ...provenanceLines().slice(1).map((line) => h("p", null, line)), h("p", null, filled(words.printed, { when: tell(Date.now()) }))));
}

/** The map as a picture, of which the sheet shows a strip: the chosen place stays in it. @param {import("./map.js").Chart} chart */
function seen(chart) {
  const [picture, place] = [snapshot(chart), chart.whereIs(numberOf(state.place))];
  if (place) picture.style.objectPosition = `${place[0] * 100}% ${place[1] * 100}%`;
  return picture;
}

function heading(shown, count) {
  const what = state.place === null ? texts.panel.changed : texts.panel.developments;
  return count > shown ? `${what}: ${filled(texts.report.latest, { shown, count })}` : what;
}

/** The developments in the panel, the latest of them; without a place, what changed before. */
function latest() {
  const every = state.place === null ? copies("#panel .changes li .row") : copies("#panel .developments summary");
  return { list: state.place === null ? every.slice(0, MOST) : every.slice(-MOST), count: every.length };
}

/** What the panel says in some elements, as entries of a list. @param {string} selector */
function copies(selector) {
  return [...document.querySelectorAll(selector)].map((one) => h("li", null, ...[...one.childNodes].map((node) => node.cloneNode(true))));
}
