/** Where two states are compared: the other state's mark of each place that differs, small, at the upper left of its own. */

import { colour, themed } from "./colours.js";
import { SHAPES, mark } from "./marks.js";

/** The share of its neighbour's size. */
const SMALL = 0.62;

/**
 * @param {CanvasRenderingContext2D} pen  @param {number} x  @param {number} y  where the place is
 * @param {number} radius  of the marks now  @param {import("./words.js").Answer} answer
 */
export function drawGhost(pen, x, y, radius, answer) {
  const size = Math.max(3.4, radius * SMALL);
  const away = radius * 1.05 + size * 0.55;
  pen.save();
  pen.translate(x - away, y - away);
  body(pen, size, mark(answer));
  pen.restore();
}

/** @param {CanvasRenderingContext2D} pen  @param {number} size  @param {import("./marks.js").Mark} what */
function body(pen, size, { shape, fills, around, pending, dotted }) {
  const ink = themed("--ink");
  circle(pen, size + 2, themed("--halo"));
  if (shape === SHAPES.unknown && pending === null) return circle(pen, Math.min(2.2, size * 0.5), themed("--quiet"));
  if (shape !== SHAPES.unknown) {
    circle(pen, size, shape === SHAPES.vacated ? themed("--paper") : colour(fills[0] ?? ""));
    if (fills.length > 1 && shape !== SHAPES.held) half(pen, size, colour(fills[1]), shape === SHAPES.contested ? Math.PI / -4 : Math.PI / -2);
    ring(pen, size, ink, 1.2, []);
    if (shape === SHAPES.contested) cut(pen, size, ink);
  }
  if (around !== null) ring(pen, size + 1.2, colour(around), 2, [5, 2]);
  if (pending !== null) ring(pen, size + (shape === SHAPES.unknown ? 0 : 2.4), colour(pending), 2, dotted ? [1.4, 2] : [3.6, 2]);
}

function circle(pen, size, fill) {
  pen.beginPath();
  pen.arc(0, 0, size, 0, 7);
  pen.fillStyle = fill;
  pen.fill();
}

function half(pen, size, fill, from) {
  pen.beginPath();
  pen.arc(0, 0, size, from, from + Math.PI);
  pen.closePath();
  pen.fillStyle = fill;
  pen.fill();
}

function cut(pen, size, ink) {
  pen.beginPath();
  pen.moveTo(size * 0.7, -size * 0.7);
  pen.lineTo(-size * 0.7, size * 0.7);
  pen.strokeStyle = ink;
  pen.lineWidth = 1.2;
  pen.stroke();
}

function ring(pen, size, paint, thick, dashes) {
  pen.beginPath();
  pen.arc(0, 0, size, 0, 7);
  pen.setLineDash(dashes);
  pen.strokeStyle = paint;
  pen.lineWidth = thick;
  pen.stroke();
  pen.setLineDash([]);
}
