/** The belief map of the chosen place: valid time across, known time up, colour by holder, both times as cross-hairs. */

import { colour, themed } from "./colours.js";
import { h } from "./elements.js";
import { hand, set } from "./store.js";
import { scaleOf } from "./tracks.js";
import { moments, world } from "./world.js";
import { texts } from "./words.js";
import { HOUR, shortDay } from "./times.js";

const HEIGHT = 190;

/** @param {number} place */
export function beliefMap(place) {
  const canvas = /** @type {HTMLCanvasElement} */ (h("canvas.beliefs", {
    role: "application", tabindex: 0, "aria-roledescription": texts.panel.beliefs, "aria-label": `${world.places.names[place]}. ${texts.panel.beliefs_says} ${texts.panel.beliefs_keys}`,
  }));
  const scale = scaleOf(extent(place));
  const go = (event) => {
    if (event.type === "pointermove" && !event.buttons) return;
    const box = canvas.getBoundingClientRect();
    const at = scale.millis((event.clientX - box.left) / box.width);
    const known = scale.millis(1 - (event.clientY - box.top) / box.height);
    set({ at: round(at), known: round(known), follow: "free" });
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    hand.down = true;
    canvas.addEventListener("lostpointercapture", () => (hand.down = false), { once: true });
    go(event);
  });
  canvas.addEventListener("pointermove", go);
  canvas.addEventListener("keydown", (event) => walk(event, scale));
  const draw = () => drawMap(canvas, place, scale);
  const ends = h("div.ends", { "aria-hidden": "true" }, h("span", null, shortDay(scale.from)), h("span", null, shortDay(scale.until)));
  return { box: h("figure", null, canvas, ends, h("figcaption", null, texts.panel.beliefs_says)), draw };
}

/** Arrows move the cross-hairs: across the time in the world, up and down the known one; with Shift, further. @param {KeyboardEvent} event */
function walk(event, scale) {
  const [across, up] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [0, 0];
  if (!across && !up) return;
  event.preventDefault();
  const step = Math.max(HOUR, (scale.until - scale.from) / 200) * (event.shiftKey ? 10 : 1);
  const [at, known] = moments().map((one) => Math.min(scale.until, Math.max(scale.from, one)));
  set({ at: round(at + across * step), known: round(known + up * step), follow: "free" });
}

const round = (millis) => Math.round(millis / 60_000) * 60_000;

/** When anything is said of a place, on either axis. */
function extent(place) {
  const every = world.beliefs?.rectangles("control", place).flatMap((one) => [one.from, one.until, one.knownFrom, one.knownUntil]) ?? [];
  const finite = every.filter(Number.isFinite);
  if (!finite.length) return world.beliefs?.extent() ?? null;
  return /** @type {[number, number]} */ (finite.reduce(([low, high], one) => [Math.min(low, one), Math.max(high, one)], [Infinity, -Infinity]));
}

function drawMap(canvas, place, scale) {
  const [width, ratio] = [canvas.clientWidth || 360, devicePixelRatio];
  [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(HEIGHT * ratio)];
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.scale(ratio, ratio);
  pen.fillStyle = themed("--track");
  pen.fillRect(0, 0, width, HEIGHT);
  const whole = (pixels) => Math.round(pixels * ratio) / ratio; // else a seam shows between neighbours
  const x = (millis) => whole(scale.part(millis) * width);
  const y = (millis) => whole(HEIGHT - scale.part(millis) * HEIGHT);
  const rectangles = world.beliefs?.rectangles("control", place) ?? [];
  for (const one of rectangles) fillOne(pen, one.answer, x(one.from), y(one.knownUntil), x(one.until), y(one.knownFrom));
  for (const one of rectangles) if (one.answer.pending.length) ring(pen, one.answer, x(one.from), y(one.knownUntil), x(one.until), y(one.knownFrom));
  diagonal(pen, width);
  crossHairs(pen, x, y, width);
}

function fillOne(pen, answer, left, top, right, bottom) {
  const sides = [...answer.holders, ...(answer.mode === "contested" ? answer.challengers : [])];
  if (!sides.length) return;
  pen.fillStyle = colour(sides[0]);
  pen.fillRect(left, top, right - left, bottom - top);
  if (sides.length < 2) return;
  pen.save();
  pen.beginPath();
  pen.rect(left, top, right - left, bottom - top);
  pen.clip();
  pen.strokeStyle = colour(sides[1]);
  pen.lineWidth = 4;
  for (let at = left - (bottom - top); at < right; at += 9) {
    pen.beginPath();
    pen.moveTo(at, bottom);
    pen.lineTo(at + bottom - top, top);
    pen.stroke();
  }
  pen.restore();
}

/** What is pending never fills: it is a line around the patch in which it was claimed. */
function ring(pen, answer, left, top, right, bottom) {
  const last = answer.pending[answer.pending.length - 1];
  const claimant = last.holders[0] ?? last.challengers[0];
  for (const [paint, thick] of [[themed("--ink"), 3.4], [claimant ? colour(claimant) : themed("--paper"), 2]]) {
    pen.strokeStyle = paint;
    pen.lineWidth = thick;
    pen.setLineDash(last.standing === "disputed" ? [2, 3] : [6, 3]);
    pen.strokeRect(left + 2, top + 2, Math.max(1, right - left - 4), Math.max(1, bottom - top - 4));
  }
  pen.setLineDash([]);
}

function diagonal(pen, width) {
  pen.strokeStyle = themed("--veil");
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(0, HEIGHT);
  pen.lineTo(width, 0);
  pen.stroke();
}

function crossHairs(pen, x, y, width) {
  const [at, known] = moments();
  const [across, up] = [x(at), y(known)];
  for (const [paint, thick] of [[themed("--paper"), 4], [themed("--ink"), 1.4]]) {
    pen.strokeStyle = paint;
    pen.lineWidth = thick;
    pen.beginPath();
    pen.moveTo(across, 0);
    pen.lineTo(across, HEIGHT);
    pen.moveTo(0, up);
    pen.lineTo(width, up);
    pen.stroke();
  }
  pen.beginPath();
  pen.fillStyle = themed("--paper");
  pen.strokeStyle = themed("--ink");
  pen.lineWidth = 2;
  pen.arc(across, up, 4.5, 0, 7);
  pen.fill();
  pen.stroke();
}
