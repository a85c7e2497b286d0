/** The map as a picture: with its sentence above and where it comes from below, or bare for paper. */

import { themed } from "./colours.js";
import { provenance } from "./provenance.js";
import { texts } from "./words.js";

const PAD = 14;
const LINE = 18;

/** The map with its sentence above and where it comes from below. @param {import("./map.js").Chart} chart @returns {Promise<Blob>} */
export async function image(chart) {
  const [sentence, ...lines] = [...(await provenance()), `${texts.legend.borders} ${chart.credit}`];
  const canvas = snapshot(chart);
  const ratio = devicePixelRatio;
  const width = canvas.width / ratio - 2 * PAD;
  const made = document.createElement("canvas");
  const pen = /** @type {CanvasRenderingContext2D} */ (made.getContext("2d"));
  const [head, foot] = [wrapped(pen, [sentence], BOLD, width), wrapped(pen, lines, PLAIN, width)];
  const top = head.length * LINE + 2 * PAD;
  [made.width, made.height] = [canvas.width, canvas.height + Math.round((top + foot.length * LINE + 2 * PAD) * ratio)];
  pen.fillStyle = themed("--paper");
  pen.fillRect(0, 0, made.width, made.height);
  pen.drawImage(canvas, 0, Math.round(top * ratio));
  pen.scale(ratio, ratio);
  write(pen, head, BOLD, "--ink", PAD);
  write(pen, foot, PLAIN, "--quiet", top + canvas.height / ratio + PAD);
  return new Promise((done) => made.toBlob((blob) => done(/** @type {Blob} */ (blob)), "image/png"));
}

const BOLD = "650 13px system-ui, sans-serif";
const PLAIN = "400 12px system-ui, sans-serif";

function write(pen, lines, font, paint, top) {
  pen.font = font;
  pen.fillStyle = themed(paint);
  lines.forEach((line, number) => pen.fillText(line, PAD, top + 12 + number * LINE));
}

/** Lines broken where they would run out of a picture; a link is broken anywhere. */
function wrapped(pen, lines, font, width) {
  pen.font = font;
  const fits = (text) => pen.measureText(text).width <= width;
  return lines.flatMap((line) => {
    const found = [];
    let now = "";
    for (const part of line.split(/(?<=[ &?])/)) {
      if (now && !fits(now + part)) {
        found.push(now);
        now = part;
      } else now += part;
    }
    return [...found, now];
  });
}

/** The map and its names on one canvas; read in the turn in which it is drawn, since WebGL forgets afterwards. @param {import("./map.js").Chart} chart */
export function snapshot(chart) {
  chart.map.redraw();
  const from = chart.map.getCanvas();
  const made = document.createElement("canvas");
  [made.width, made.height] = [from.width, from.height];
  const pen = /** @type {CanvasRenderingContext2D} */ (made.getContext("2d"));
  pen.drawImage(from, 0, 0);
  pen.drawImage(chart.labels, 0, 0, from.width, from.height);
  return made;
}
