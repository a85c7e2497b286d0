/** Register a source without leaving what is being typed. */

import { h } from "../elements.js";
import { fold } from "../folding.js";
import { Told, ask } from "../service.js";
import { filled, texts } from "../words.js";
import { world } from "../world.js";
import { Chips } from "./chips.js";
import { clearErrors, tellErrors } from "./errors.js";
import { choice, field, group, plain, text, unique } from "./fields.js";
import { held, newId } from "./held.js";
import { matching } from "./picker.js";

/**
 * @param {string} name  as it was typed
 * @param {{done: (id: string) => void, left: () => void}} then
 */
export function newSource(name, then) {
  const words = texts.desk;
  const fields = sourceFields(name);
  const said = h("p.wrong", { role: "alert" });
  const box = h("div.register", { role: "group", "aria-label": words.new_source, "data-path": "-" }, h("p.head", null, words.new_source), ...fields.boxes, said,
    h("div.actions", null,
      h("button.strong", { type: "button", onclick: () => register() }, words.register),
      h("button", { type: "button", onclick: () => { box.remove(); then.left(); } }, words.cancel)));
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(/** @type {HTMLElement} */ (event.target)).matches("input")) return;
    event.preventDefault(); // it is not the report that is sent
    if (!event.defaultPrevented || !(/** @type {HTMLElement} */ (event.target)).matches("[role=combobox]")) register();
  });
  const register = async () => {
    const source = fields.value();
    clearErrors(box);
    try {
      await ask("/v1/events", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ type: "SourceRegistered", ...source }) });
      held.sources.push({ ...source, name: source.name });
      then.done(source.source_id);
    } catch (error) {
      if (!(error instanceof Told)) return void (said.textContent = words.lost);
      said.textContent = tellErrors(box, error.problem.errors ?? []).map((one) => one.message).join(" ") || (error.problem.errors ? error.problem.title : error.message);
    }
  };
  return box;
}

/** @param {string} given */
function sourceFields(given) {
  const words = texts.desk;
  const name = text(given);
  const id = text("", { dir: "ltr", spellcheck: "false" });
  const kind = choice(held.vocabulary.source_kinds.map((one) => [one, plain(one)]), "news_outlet");
  const reliability = choice(Object.entries(held.vocabulary.reliability).map(([grade, says]) => [grade, `${grade}: ${says}`]), "F");
  const sensitive = /** @type {HTMLInputElement} */ (h("input", { type: "checkbox", id: unique("sensitive"), name: "sensitive" }));
  const actors = world.places.actors.map((one) => ({ id: one.id, name: one.name }));
  const aligned = new Chips({ label: words.find_actor, none: words.no_actor, find: (typed) => matching(actors, typed), nameOf: (one) => actors.find((each) => each.id === one)?.name ?? one });
  const opaque = `s-${newId().slice(0, 8)}`;
  const propose = () => { if (!id.dataset.typed) id.value = sensitive.checked ? opaque : idOf(name.value) || opaque; };
  name.addEventListener("input", propose);
  sensitive.addEventListener("change", propose);
  id.addEventListener("input", () => (id.dataset.typed = "yes"));
  propose();
  const boxes = [
    field("name", name), field("id", id, { path: "source_id" }), field("kind", kind), field("reliability", reliability), group("aligned_with", "aligned_with", aligned.box),
    h("div.check-line", null, sensitive, h("label", { for: sensitive.id }, words.sensitive)),
  ];
  const value = () => ({
    source_id: id.value.trim(), name: name.value.trim(), kind: kind.value, reliability: reliability.value, aligned_with: aligned.ids, ...(sensitive.checked ? { sensitive: true } : {}),
  });
  return { boxes, value };
}

/** An id out of a name: letters of ASCII, digits and hyphens; empty where nothing of the name is left. @param {string} name */
export const idOf = (name) => fold(name).replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 60);
