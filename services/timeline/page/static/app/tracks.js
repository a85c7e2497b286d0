/** The scale that both tracks share, and how one track is drawn (no state: what it shows is handed in). */

import { colour, themed } from "./colours.js";
import { DAY, HOUR, brief, midnight, shortDay } from "./times.js";

/** From a moment to a part of the width, and back. */
export class Scale {
  /** @param {number} from  @param {number} until */
  constructor(from, until) {
    this.from = from;
    this.until = until;
  }

  /** @param {number} millis */
  part(millis) {
    return Math.min(1, Math.max(0, (millis - this.from) / (this.until - this.from)));
  }

  /** @param {number} part */
  millis(part) {
    return this.from + Math.min(1, Math.max(0, part)) * (this.until - this.from);
  }

  /** The same width, moved along by a part of it. @param {number} by  @param {Scale} whole */
  moved(by, whole) {
    const span = this.until - this.from;
    const from = Math.min(whole.until - span, Math.max(whole.from, this.from + by * span));
    return new Scale(from, from + span);
  }

  /** Around a moment, so many times as wide. @param {number} around  @param {number} times  @param {Scale} whole */
  zoomed(around, times, whole) {
    const span = Math.min(whole.until - whole.from, Math.max(2 * HOUR, (this.until - this.from) * times));
    const from = Math.min(whole.until - span, Math.max(whole.from, around - this.part(around) * span));
    return new Scale(from, from + span);
  }
}

/** A scale for what is recorded, with some room on both sides. @param {[number, number] | null} extent */
export function scaleOf(extent) {
  const [from, until] = extent ?? [Date.now() - 7 * DAY, Date.now()];
  const room = Math.max(DAY / 2, (until - from) * 0.03);
  return new Scale(from - room, until + room);
}

/** A scale that reaches back to a moment, too. @param {Scale} scale  @param {number | null} earliest */
export function reachingBack(scale, earliest) {
  if (earliest === null || earliest >= scale.from) return scale;
  return new Scale(earliest - (scale.until - earliest) * 0.03, scale.until);
}

/** Days (or months, or years) to write along a scale. @param {Scale} scale  @param {number} width */
export function dates(scale, width) {
  const most = Math.max(2, Math.floor(width / 84));
  const days = (scale.until - scale.from) / DAY;
  const step = [1 / 24, 1 / 8, 1 / 4, 1 / 2, 1, 2, 3, 7, 14, 30.44, 91.3, 182.6, 365.25, 1826].find((one) => days / one <= most) ?? 3652;
  const found = [];
  const begin = step < 1 ? midnight(scale.from) : midnight(scale.from + DAY);
  for (let at = begin; at < scale.until; at += step * DAY) {
    const there = step < 1 ? at : midnight(at + HOUR);
    if (there >= scale.from) found.push({ at: there, words: step < 1 ? brief(there) : step > 300 ? `${new Date(there).getUTCFullYear()}` : shortDay(there) });
  }
  return found;
}

/**
 * One track: what holds along it as a strip, its changes as ticks, and hatching where the reader does not know yet.
 * @param {HTMLCanvasElement} canvas  @param {{width: number, height: number}} size  @param {Scale} scale
 * @param {{from: number, until: number, answer: import("./words.js").Answer | null}[]} parts
 * @param {number} unknownFrom
 */
export function drawTrack(canvas, { width, height }, scale, parts, unknownFrom) {
  const ratio = devicePixelRatio;
  [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.scale(ratio, ratio);
  const x = (millis) => scale.part(millis) * width;
  const [top, tall] = [height / 2 - 5, 10];
  pen.fillStyle = themed("--track");
  pen.fillRect(0, top, width, tall);
  for (const { from, until, answer } of parts) strip(pen, x(from), x(until), top, tall, answer);
  pen.fillStyle = themed("--ink");
  for (const { from } of parts) if (from > scale.from && from < scale.until) pen.fillRect(Math.round(x(from)) - 0.5, top - 4, 1, tall + 8);
  if (unknownFrom < scale.until) hatched(pen, x(unknownFrom), top - 1, width, tall + 2);
}

function strip(pen, from, until, top, tall, answer) {
  if (!answer) return;
  const sides = [...answer.holders, ...(answer.mode === "contested" ? answer.challengers : [])];
  const each = tall / Math.max(1, sides.length);
  sides.forEach((actor, number) => {
    pen.fillStyle = colour(actor);
    pen.fillRect(from, top + each * number, until - from, each);
  });
  const last = answer.pending[answer.pending.length - 1];
  if (!last) return;
  const claimant = last.holders[0] ?? last.challengers[0];
  const [y, ink] = [top + tall + 3.5, themed("--ink")];
  for (const [paint, thick] of [[ink, 3.6], [claimant ? colour(claimant) : themed("--paper"), 2]]) {
    pen.beginPath();
    pen.strokeStyle = paint;
    pen.lineWidth = thick;
    pen.setLineDash(last.standing === "disputed" ? [2, 3] : [6, 3]);
    pen.moveTo(from, y);
    pen.lineTo(Math.max(until, from + 2), y);
    pen.stroke();
  }
  pen.setLineDash([]);
}

function hatched(pen, from, top, width, tall) {
  pen.save();
  pen.beginPath();
  pen.rect(from, top, width - from, tall);
  pen.clip();
  pen.fillStyle = themed("--veil");
  pen.fillRect(from, top, width - from, tall);
  pen.strokeStyle = themed("--quiet");
  pen.lineWidth = 1;
  pen.beginPath();
  for (let at = from - tall; at < width + tall; at += 6) {
    pen.moveTo(at, top + tall);
    pen.lineTo(at + tall, top);
  }
  pen.stroke();
  pen.restore();
}
