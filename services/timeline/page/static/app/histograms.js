/** Where no place is chosen: developments by when they occurred, and events by when they were known, as bars behind the tracks. */

import uPlot from "../vendor/uPlot.esm.js";
import { themed } from "./colours.js";
import { h } from "./elements.js";
import { json } from "./service.js";
import { state } from "./store.js";
import { texts } from "./words.js";

const BINS = 120;

/** While much is recorded they are counted anew no oftener than this. */
const REST = 60_000;

/** @typedef {{unit: number, numbers: number[], counts: number[]}} Counted */

export class Histograms {
  /** @param {HTMLElement} above  @param {HTMLElement} below */
  constructor(above, below) {
    const { occurred, told } = texts.dock;
    this.boxes = [above, below].map((lane, number) => {
      const box = h("div.bars", { role: "img", "aria-label": number ? told : occurred });
      lane.prepend(box);
      return box;
    });
    /** @type {(any | null)[]} */
    this.plots = [null, null];
    /** @type {Counted[] | null} */
    this.counted = null;
    this.drawn = "";
    this.asked = 0;
    this.again = () => {};
  }

  /** There is a new world: count it. */
  place() {
    clearTimeout(this.waiting);
    this.#count();
  }

  /** Something was recorded: count again, in a while. */
  grow() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.#count(), Math.max(1000, REST - (Date.now() - this.asked)));
  }

  async #count() {
    this.asked = Date.now();
    const { view, position } = state;
    const found = await json("/v1/map/histograms", { view, position }).catch(() => null);
    if (!found || view !== state.view) return;
    this.counted = [found.occurred, found.known].map((one) => ({ ...one, unit: found.unit_seconds * 1000 }));
    this.drawn = "";
    this.again();
  }

  /** @param {import("./tracks.js").Scale} scale  @param {number} width  @param {boolean} shown */
  draw(scale, width, shown) {
    this.boxes.forEach((box) => (box.hidden = !shown));
    this.again = () => this.draw(scale, width, shown);
    const key = `${scale.from} ${scale.until} ${width} ${themed("--quiet")}`;
    if (!shown || !this.counted || this.drawn === key) return;
    this.drawn = key;
    this.counted.forEach((one, number) => {
      this.plots[number]?.destroy();
      this.plots[number] = plot(this.boxes[number], along(one, scale), scale);
    });
  }
}

/** How many there are in each part of a scale; what was counted in longer units is spread over the parts that it meets. */
export function along({ unit, numbers, counts }, scale) {
  const found = new Float64Array(BINS);
  const part = (/** @type {number} */ millis) => ((millis - scale.from) / (scale.until - scale.from)) * BINS;
  numbers.forEach((number, row) => {
    const [from, until] = [part(number * unit), part((number + 1) * unit)];
    for (let bin = Math.max(0, Math.floor(from)); bin < Math.min(BINS, until); bin += 1)
      found[bin] += (counts[row] * (Math.min(until, bin + 1) - Math.max(from, bin))) / (until - from);
  });
  return found;
}

function plot(box, counts, scale) {
  const width = (scale.until - scale.from) / BINS / 1000;
  const at = Float64Array.from(counts, (_, number) => scale.from / 1000 + (number + 0.5) * width);
  const nothing = { show: false };
  return new uPlot({
    width: box.clientWidth || 300, height: box.clientHeight || 28, padding: [0, 0, 0, 0], cursor: nothing, legend: nothing,
    axes: [nothing, nothing], select: { show: false, left: 0, top: 0, width: 0, height: 0 },
    scales: { x: { range: () => [scale.from / 1000, scale.until / 1000] }, y: { range: (_, __, most) => [0, Math.max(1, most)] } },
    series: [{}, { paths: uPlot.paths.bars?.({ size: [0.8] }), fill: themed("--quiet"), stroke: themed("--quiet"), width: 0, points: nothing }],
  }, [at, counts], box);
}
