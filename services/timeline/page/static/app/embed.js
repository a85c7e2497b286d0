/**
 * The page in a frame on somebody's page: the sentence, the map, where it comes from, and the way to the whole page. Nobody is
 * asked for a key in there, and no stream is held open: what is not pinned is asked for again from time to time.
 */

import { knownAt, write } from "./address.js";
import { byId, h } from "./elements.js";
import { entries } from "./legend.js";
import { Chart } from "./map.js";
import { fetchLook } from "./operator.js";
import { provenanceLines, rooted } from "./provenance.js";
import { drawSentence } from "./sentence.js";
import { goWithoutKey, NeedsKey } from "./service.js";
import { atRest, set, state, subscribe } from "./store.js";
import { load, look, numberOf, update, world } from "./world.js";
import { texts } from "./words.js";

const AGAIN = 60_000;

goWithoutKey();

async function begin() {
  if (byId("key")) return;
  const bar = byId("bar");
  bar.hidden = false;
  set({ as: "map", compare: null, filter: "" });
  try {
    await Promise.all([load(), fetchLook()]);
  } catch (error) {
    if (!(error instanceof NeedsKey)) throw error;
    return byId("sentence").replaceChildren(texts.embed.key);
  } finally {
    bar.hidden = true;
  }
  look();
  drawSentence();
  await rooted();
  drawSource();
  const made = new Chart(byId("map"));
  const chart = (await made.open(true)) ? made : null;
  if (!chart) byId("map").replaceChildren(h("p.notice", null, texts.empty.webgl));
  byId("map").append(key(), h("p.credit", null, `${texts.legend.borders} ${chart?.credit ?? ""}`));
  subscribe((now, before) => {
    if (now.place !== before.place) chart?.show(numberOf(now.place));
    draw(chart);
  });
  atRest(drawSource);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart?.themed());
  if (state.position === null && (state.at === null || knownAt(state) === null)) setInterval(() => again(chart).catch(() => {}), AGAIN);
}

/** @param {Chart | null} chart */
function draw(chart) {
  look();
  drawSentence();
  chart?.look();
}

/** @param {Chart | null} chart */
async function again(chart) {
  if (document.visibilityState !== "visible") return;
  const { places } = await update();
  await rooted();
  if (places) chart?.place();
  draw(chart);
  drawSource();
}

function drawSource() {
  byId("source").textContent = provenanceLines().slice(1, 3).join(". ");
  byId("whole").setAttribute("href", `/?${write(state)}`);
}

/** What the marks mean, where it is asked for. */
function key() {
  const list = h("ul.key", null);
  const box = h("details.legend-box", { ontoggle: () => list.replaceChildren(...entries()) }, h("summary", null, texts.top.legend), list, h("p", null, texts.legend.no_front));
  return world.places.ids.length ? box : h("p.notice", null, texts.empty.log);
}

begin().finally(() => (document.documentElement.dataset.ready = "yes"));
