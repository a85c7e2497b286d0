/**
 * What a mark looks like: its shape is the mode, its colour the actor; what is pending is a ring outside and never fills.
 * One description, drawn by `marklayer.js` on the map and as SVG in lists and the legend.
 *
 * @typedef {import("./words.js").Answer} Answer
 * @typedef {{shape: number, fills: string[], around: string | null, pending: string | null, dotted: boolean}} Mark
 */

import { svg } from "./elements.js";
import { colour } from "./colours.js";

export const SHAPES = { unknown: 0, held: 1, contested: 2, besieged: 3, shared: 4, vacated: 5, hidden: 6 };
export const ACCESS = { open: 1, closed: 2 };

/** @param {Answer | null} answer  @returns {Mark} */
export function mark(answer) {
  const mode = answer?.mode ?? "unknown";
  const last = answer?.pending.length ? answer.pending[answer.pending.length - 1] : null;
  const sides = answer ? [...answer.holders, ...(mode === "contested" ? answer.challengers : [])] : [];
  return {
    shape: SHAPES[mode] ?? 0,
    fills: sides.slice(0, 3),
    around: mode === "besieged" ? answer?.challengers[0] ?? null : null,
    pending: last ? last.holders[0] ?? last.challengers[0] ?? "" : null,
    dotted: last?.standing === "disputed",
  };
}

/** A mark as a picture of 28 by 28. @param {Answer | null} answer  @param {string | null} [access]  a mode of access */
export function picture(answer, access = null) {
  const { shape, fills, around, pending, dotted } = mark(answer);
  const drawn = svg("svg", { viewBox: "-14 -14 28 28", width: 28, height: 28, class: "mark", "aria-hidden": "true" });
  drawn.append(...body(shape, fills, around));
  if (pending !== null) {
    const how = dotted ? { "stroke-dasharray": "0.1 4.9", "stroke-linecap": "round" } : { "stroke-dasharray": "5.4 3.24" };
    drawn.append(ring(11, 4, "var(--ink)", how), ring(11, 2.6, colour(pending), how));
  }
  if (access) drawn.append(...badge(access));
  return drawn;
}

const ring = (r, width, stroke, more = {}) => svg("circle", { r, fill: "none", stroke, "stroke-width": width, ...more });
const disc = (r, fill, more = {}) => svg("circle", { r, fill, stroke: "var(--ink)", "stroke-width": 1.3, ...more });

/** @param {number} shape  @param {string[]} fills  @param {string | null} around */
function body(shape, fills, around) {
  const [first, second, third] = fills.map(colour);
  switch (shape) {
    case SHAPES.held:
      return [disc(7, first)];
    case SHAPES.contested:
      return [disc(7, first ?? "var(--paper)"), half(second ?? "var(--paper)"), disc(7, "none"), cut()];
    case SHAPES.besieged:
      return [disc(5, first), ring(7.6, 3.6, "var(--ink)", BROKEN), ring(7.6, 2.2, colour(around ?? ""), BROKEN)];
    case SHAPES.shared:
      return [disc(7, first), ...pie(second, third), disc(7, "none")];
    case SHAPES.vacated:
      return [disc(7, "var(--paper)")];
    default:
      return [svg("circle", { r: 2.4, fill: "var(--quiet)" })];
  }
}

const BROKEN = { "stroke-dasharray": "8.4 3.54", "stroke-dashoffset": 4.2 };
const half = (fill) => svg("path", { d: "M4.95 -4.95 A7 7 0 0 1 -4.95 4.95 Z", fill });
const cut = () => svg("path", { d: "M4.95 -4.95 L-4.95 4.95", stroke: "var(--ink)", "stroke-width": 1.3 });

function pie(second, third) {
  if (!third) return [svg("path", { d: "M0 -7 A7 7 0 0 1 0 7 Z", fill: second ?? "var(--paper)" })];
  return [
    svg("path", { d: "M0 0 L0 -7 A7 7 0 0 1 6.06 3.5 Z", fill: second }),
    svg("path", { d: "M0 0 L6.06 3.5 A7 7 0 0 1 -6.06 3.5 Z", fill: third }),
  ];
}

function badge(access) {
  const at = { x: 4.5, y: 4.5, width: 8, height: 8, fill: "var(--paper)", stroke: "var(--ink)", "stroke-width": 1.3 };
  const bars = access === "closed" ? [svg("path", { d: "M5 8.5 H12", stroke: "var(--ink)", "stroke-width": 2.4 })] : [];
  return [svg("rect", at), ...bars];
}
