/** Names and initials over the map, drawn by the browser's own type: any script, either direction, no fonts to fetch. */

import { initialsOf, themed } from "./colours.js";
import { drawGhost } from "./ghosts.js";
import { mercator } from "./marklayer.js";
import { answerOf, world } from "./world.js";

/** From this zoom on every mark bears the initials of its holder. */
export const INITIALS_FROM = 9;

const MOST = 400;
const RANK = { country: 9, governorate: 4, area: 2, border: 2, road: 2, district: 3, city: 8, town: 6, airport: 5, base: 5, border_crossing: 5 };

/** Where a place is in the page's pixels of the map. */
export function pixelsOf(map) {
  const { lng, lat } = map.getCenter();
  const [x, y] = mercator(lng, lat);
  const size = 512 * 2 ** map.getZoom();
  const box = map.getCanvas();
  const [w, h] = [box.clientWidth / 2, box.clientHeight / 2];
  return (/** @type {Float64Array} */ at, /** @type {number} */ number) => [(at[number * 2] - x) * size + w, (at[number * 2 + 1] - y) * size + h];
}

/**
 * @param {HTMLCanvasElement} canvas  @param {any} map  @param {import("./marklayer.js").MarkLayer} layer
 * @param {number} hovered  @param {Map<number, import("./words.js").Answer> | null} others  what the other state shows, where two are compared
 */
export function drawLabels(canvas, map, layer, hovered, others = null) {
  const box = map.getCanvas();
  const [width, height, ratio] = [box.clientWidth, box.clientHeight, devicePixelRatio];
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
  }
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  if (others) for (const { number, x, y } of within(map, layer, others.keys(), width, height)) drawGhost(pen, x, y, layer.radius, /** @type {any} */ (others.get(number)));
  const seen = within(map, layer, layer.inView > CROWD ? named(layer.chosen, hovered) : world.places.ids.keys(), width, height);
  if (map.getZoom() >= INITIALS_FROM) drawInitials(pen, seen, layer.radius);
  drawNames(pen, seen, layer.chosen, hovered, layer.radius, map.getZoom(), others);
}

/** More places in view than this are a crowd: of them only the chosen one and the one under the pointer are named. */
const CROWD = MOST * 6;

const named = (/** @type {number} */ chosen, /** @type {number} */ hovered) => [...new Set([chosen, hovered])].filter((number) => number >= 0);

/** Those of some places that are in view, and where. @param {Iterable<number>} numbers */
function within(map, layer, numbers, width, height) {
  const pixels = pixelsOf(map);
  const found = [];
  for (const number of numbers) {
    const [x, y] = pixels(layer.at, number);
    if (layer.isHidden(number)) continue;
    if (x > -20 && y > -20 && x < width + 20 && y < height + 20) found.push({ number, x, y });
  }
  return found;
}

function drawInitials(pen, seen, radius) {
  pen.font = `600 ${Math.round(radius * 0.95)}px system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (const { number, x, y } of seen.slice(0, MOST * 4)) {
    const answer = answerOf(number);
    if (answer?.mode !== "held" && answer?.mode !== "besieged") continue;
    stroked(pen, initialsOf(answer.holders[0]), x, y + 0.5, 2);
  }
}

/** Greedy: the first that asks gets its room. */
function drawNames(pen, seen, chosen, hovered, radius, zoom, others) {
  const { names, kinds } = world.places;
  const rank = ({ number }) =>
    number === chosen ? 99 : number === hovered ? 98 : (RANK[kinds[number]] ?? 1) + (world.shown.control[number] ? 3 : 0);
  const least = zoom < 5 ? 9 : zoom < 6.2 ? 8 : zoom < 7 ? 6 : 0;
  const taken = seen.length > MOST ? [] : seen.filter((one) => world.shown.control[one.number]).map(({ number, x, y }) => {
    const before = others?.has(number) ? radius * 2.6 : radius;
    return [x - before, y - before, x + radius, y + radius];
  });
  pen.textBaseline = "middle";
  pen.textAlign = "start";
  for (const one of seen.filter((each) => rank(each) >= least).sort((a, b) => rank(b) - rank(a)).slice(0, MOST)) {
    const strong = one.number === chosen || one.number === hovered;
    pen.font = `${strong ? 650 : 450} ${strong ? 13.5 : 12}px system-ui, sans-serif`;
    const width = pen.measureText(names[one.number]).width;
    const ringed = answerOf(one.number)?.pending.length ? radius * 0.3 + 4 : 0;
    const gap = radius * (strong ? 1.9 : 1.3) + 5 + ringed;
    const room = [[one.x + gap, one.y], [one.x - gap - width, one.y]].find(([x, y]) => strong || free(taken, x, y, width));
    if (!room) continue;
    taken.push([room[0] - 2, room[1] - 8, room[0] + width + 2, room[1] + 8]);
    stroked(pen, names[one.number], room[0], room[1], 3);
  }
}

const free = (taken, x, y, width) => taken.every(([l, t, r, b]) => x > r || x + width < l || y - 8 > b || y + 8 < t);

function stroked(pen, words, x, y, halo) {
  pen.lineJoin = "round";
  pen.lineWidth = halo;
  pen.strokeStyle = themed("--halo");
  pen.fillStyle = themed("--ink");
  pen.direction = "ltr";
  pen.strokeText(words, x, y);
  pen.fillText(words, x, y);
}
