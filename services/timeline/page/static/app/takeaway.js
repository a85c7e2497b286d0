/** What leaves the page: a pinned link, a picture, a table. Each carries both times, clock, policy, position, root and link. */

import { stamp, knownAt, write } from "./address.js";
import { h } from "./elements.js";
import { told } from "./sentence.js";
import { ask } from "./service.js";
import { set, state } from "./store.js";
import { themed } from "./colours.js";
import { toast } from "./toast.js";
import { actorName, answerOf, world } from "./world.js";
import { texts } from "./words.js";

/** A link that shows the same for ever: its times, the view's id and the log's position are named. */
export function pinnedLink() {
  const header = world.beliefs?.header;
  const now = Date.now();
  const pinned = {
    ...state, at: state.at ?? now, known: knownAt(state) ?? now, view: header?.view_id ?? state.view,
    position: header?.known_position ?? state.position, follow: state.follow === "then" ? "then" : "free",
  };
  return `${location.origin}${location.pathname}?${write(/** @type {any} */ (pinned))}`;
}

export async function copyLink(words = texts.panel.copied) {
  const link = pinnedLink();
  try {
    await navigator.clipboard.writeText(link);
    toast(words);
  } catch {
    toast(link);
  }
}

/** Where it comes from, a line each. */
export async function provenance() {
  const header = world.beliefs?.header ?? {};
  const root = await rootHash().catch(() => "");
  return [
    told().filter(Boolean).join(" "),
    `at ${state.at === null ? "now" : stamp(state.at)}, known by ${knownAt(state) === null ? "today" : stamp(knownAt(state) ?? 0)}`,
    `view ${header.view}, ${header.clock} clock, policy ${header.policy}, position ${header.known_position}${root ? `, root ${root}` : ""}`,
    pinnedLink(),
  ];
}

/** The first eight digits of the root of the log, as its newest checkpoint has it. */
async function rootHash() {
  const [, , root] = (await (await ask("/v1/log/checkpoint")).text()).split("\n");
  return Array.from(atob(root).slice(0, 4), (one) => one.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}

/** The table of every place, led by where it comes from. */
export async function csv() {
  const rows = world.places.ids.map((id, number) => {
    const [control, access] = [answerOf(number), answerOf(number, "access")];
    const last = control?.pending[control.pending.length - 1];
    return [id, world.places.names[number], world.places.lon[number] ?? "", world.places.lat[number] ?? "", control?.mode ?? "",
      control?.holders.map(actorName).join(";") ?? "", control?.challengers.map(actorName).join(";") ?? "", control?.standing ?? "",
      last?.holders.map(actorName).join(";") ?? "", last?.standing ?? "", world.shown.access[number] ? access?.mode ?? "" : ""];
  });
  const head = ["location_id", "name", "lon", "lat", "mode", "holders", "challengers", "standing", "pending_holders", "pending_standing", "access"];
  const lines = (await provenance()).map((one) => `# ${one}`);
  return [...lines, ...[head, ...rows].map((row) => row.map(cell).join(","))].join("\r\n") + "\r\n";
}

/** A cell that a spreadsheet would run as a formula is led by an apostrophe. */
function cell(value) {
  const text = String(value);
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The map as it is seen, with its sentence above and where it comes from below. @param {import("./map.js").Chart} chart */
export async function image(chart) {
  const lines = await provenance();
  const canvas = await snapshot(chart);
  const [ratio, pad] = [devicePixelRatio, 14];
  const made = document.createElement("canvas");
  [made.width, made.height] = [canvas.width, canvas.height + Math.round((lines.length * 18 + 2 * pad) * ratio)];
  const pen = /** @type {CanvasRenderingContext2D} */ (made.getContext("2d"));
  pen.fillStyle = themed("--paper");
  pen.fillRect(0, 0, made.width, made.height);
  pen.drawImage(canvas, 0, 0);
  pen.scale(ratio, ratio);
  pen.fillStyle = themed("--ink");
  lines.forEach((line, number) => {
    pen.font = `${number ? 400 : 650} 12px system-ui, sans-serif`;
    pen.fillText(line, pad, canvas.height / ratio + pad + 12 + number * 18, canvas.width / ratio - 2 * pad);
  });
  return /** @type {Promise<Blob>} */ (new Promise((done) => made.toBlob((blob) => done(/** @type {Blob} */ (blob)), "image/png")));
}

/** The map and its names on one canvas; read while it is drawn, since WebGL forgets afterwards. */
function snapshot(chart) {
  return new Promise((done) => {
    chart.map.once("render", () => {
      const from = chart.map.getCanvas();
      const made = document.createElement("canvas");
      [made.width, made.height] = [from.width, from.height];
      const pen = /** @type {CanvasRenderingContext2D} */ (made.getContext("2d"));
      pen.drawImage(from, 0, 0);
      pen.drawImage(chart.labels, 0, 0, from.width, from.height);
      done(made);
    });
    chart.map.triggerRepaint();
  });
}

/** @param {Blob} blob  @param {string} name */
function save(blob, name) {
  const link = /** @type {HTMLAnchorElement} */ (h("a", { href: URL.createObjectURL(blob), download: name }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** @param {import("./map.js").Chart | null} chart */
export function takeAway(chart) {
  const words = texts.panel;
  const name = `timeline-${state.place ?? "map"}-${state.at === null ? "now" : stamp(state.at).replaceAll(":", "")}`;
  const audit = state.place === null ? null : h("button", { type: "button", onclick: () => set({ as: state.as === "audit" ? "map" : "audit" }) }, words.audit);
  const desk = state.place === null ? null : h("button.to-desk", { type: "button", onclick: () => set({ as: state.as === "desk" ? "map" : "desk" }) }, words.desk);
  return h("div.take", { role: "group", "aria-label": words.take },
    h("button", { type: "button", onclick: () => copyLink() }, words.copy),
    chart?.map ? h("button", { type: "button", onclick: async () => save(await image(chart), `${name}.png`) }, words.image) : null,
    audit, desk, h("button", { type: "button", onclick: async () => save(new Blob([await csv()], { type: "text/csv" }), `${name}.csv`) }, words.csv));
}
