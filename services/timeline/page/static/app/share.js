/** What is given to others: a link that shows the same for ever, one that goes on with the record, and a frame. */

import { write } from "./address.js";
import { h } from "./elements.js";
import { liveLink, pinned, pinnedLink } from "./provenance.js";
import { copy } from "./takeaway.js";
import { texts } from "./words.js";

/** The code of a frame, as somebody pastes it into a page: what is in it shows the same for ever. */
export function embedCode() {
  const address = `${location.origin}/embed?${write({ ...pinned(), as: "map", compare: null, filter: "" })}`;
  const safe = address.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  return `<iframe src="${safe}" title="${texts.title}" width="760" height="520" loading="lazy"></iframe>`;
}

export function share() {
  const words = texts.share;
  return h("div.share", null, h("h2", null, words.title), ...["pinned", "live", "embed"].map((what) => offer(words[what], GIVEN[what]())));
}

const GIVEN = { pinned: pinnedLink, live: liveLink, embed: embedCode };

/** @param {{name: string, says: string, copied: string}} words  @param {string} text */
function offer({ name, says, copied }, text) {
  const field = /** @type {HTMLInputElement} */ (h("input", { type: "text", readonly: true, value: text, "aria-label": name, onfocus: () => field.select() }));
  const button = h("button", { type: "button", "aria-label": `${texts.share.copy}: ${name}`, onclick: () => copy(text, copied) }, texts.share.copy);
  return h("section", null, h("h3", null, name), h("p", null, says), h("div.copy", null, field, button));
}
