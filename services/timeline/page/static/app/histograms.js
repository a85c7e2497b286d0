/** Where no place is chosen: how many changes there are along each axis, as bars behind the tracks. */

import uPlot from "../vendor/uPlot.esm.js";
import { themed } from "./colours.js";
import { h } from "./elements.js";
import { world } from "./world.js";

const BINS = 120;

export class Histograms {
  /** @param {HTMLElement} above  @param {HTMLElement} below */
  constructor(above, below) {
    this.boxes = [above, below].map((lane) => {
      const box = h("div.bars", { "aria-hidden": "true" });
      lane.prepend(box);
      return box;
    });
    /** @type {(any | null)[]} */
    this.plots = [null, null];
  }

  /** Forget what was counted: there is a new world. */
  place() {
    this.counted = null;
  }

  /** @param {import("./tracks.js").Scale} scale  @param {boolean} shown  @param {number} known */
  draw(scale, shown, known) {
    this.boxes.forEach((box) => (box.hidden = !shown));
    const key = `${scale.from} ${scale.until} ${this.boxes[0].clientWidth} ${themed("--quiet")}`;
    if (!shown || !world.beliefs || (this.counted === key)) return;
    this.counted = key;
    ["valid_from", "known_from"].forEach((column, number) => {
      const counts = count(world.beliefs, column, scale);
      this.plots[number]?.destroy();
      this.plots[number] = plot(this.boxes[number], counts, scale);
    });
    void known;
  }
}

/** How many rectangles of all places begin in each part of a scale. */
function count(beliefs, column, scale) {
  const counts = new Float64Array(BINS);
  const per = new Uint32Array(beliefs.times.length);
  const starts = beliefs.facets.control[column];
  for (let row = 0; row < starts.length; row += 1) per[starts[row]] += 1;
  for (let number = 0; number < per.length; number += 1) {
    const part = (beliefs.times[number] - scale.from) / (scale.until - scale.from);
    if (part >= 0 && part < 1) counts[Math.floor(part * BINS)] += per[number];
  }
  return counts;
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
