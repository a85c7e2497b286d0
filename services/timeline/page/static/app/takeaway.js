/** What leaves the page: a pinned link, a picture, a table, paper. Each carries where it comes from (`provenance.js`). */

import { stamp } from "./address.js";
import { h } from "./elements.js";
import { numbersLeft } from "./filter.js";
import { image } from "./picture.js";
import { pinnedLink, provenance } from "./provenance.js";
import { printReport } from "./report.js";
import { set, state } from "./store.js";
import { toast } from "./toast.js";
import { actorName, answerOf, world } from "./world.js";
import { texts } from "./words.js";

/** Copy what is pasted elsewhere; where the browser refuses, it is shown. @param {string} text  @param {string} words */
export async function copy(text, words) {
  try {
    await navigator.clipboard.writeText(text);
    toast(words);
  } catch {
    toast(text);
  }
}

/** The table of every place that the filter leaves, led by where it comes from. */
export async function csv() {
  const rows = numbersLeft().map((number) => {
    const id = world.places.ids[number];
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

/** @param {Blob} blob  @param {string} name */
function save(blob, name) {
  const link = /** @type {HTMLAnchorElement} */ (h("a", { href: URL.createObjectURL(blob), download: name }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** @param {import("./map.js").Chart | null} chart */
export function takeAway(chart) {
  const words = texts.panel;
  const name = () => `timeline-${state.place ?? "map"}-${state.at === null ? "now" : stamp(state.at).replaceAll(":", "")}`;
  const button = (label, go) => h("button", { type: "button", onclick: go }, label);
  const turn = (as) => set({ as: state.as === as ? "map" : as });
  return h("div.take", { role: "group", "aria-label": words.take },
    button(words.copy, () => copy(pinnedLink(), words.copied)),
    button(words.print, printReport),
    chart?.map ? button(words.image, async () => save(await image(chart), `${name()}.png`)) : null,
    button(words.csv, async () => save(new Blob([await csv()], { type: "text/csv" }), `${name()}.csv`)),
    state.place === null ? null : button(words.audit, () => turn("audit")),
    state.place === null ? null : Object.assign(button(words.desk, () => turn("desk")), { className: "to-desk" }));
}
