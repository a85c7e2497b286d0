/** Where a key is needed: a form for it. The key stays in this tab and is forgotten with it. */

import { h } from "./elements.js";
import { json, NeedsKey, useKey } from "./service.js";
import { texts } from "./words.js";

/** Wait until a key is given that the service takes. */
export function askForKey() {
  return new Promise((done) => {
    const wrong = h("p.wrong", { role: "alert" });
    const input = /** @type {HTMLInputElement} */ (h("input", { type: "password", name: "key", autocomplete: "off", required: true }));
    const form = h("form", { onsubmit: (event) => { event.preventDefault(); tryKey(); } },
      h("h2", null, texts.key.title), h("p", null, texts.key.says), h("label", null, texts.key.label, input), wrong, h("button.strong", { type: "submit" }, texts.key.go));
    const box = /** @type {HTMLDialogElement} */ (h("dialog.key", null, form));
    const tryKey = async () => {
      useKey(input.value.trim());
      try {
        await json("/v1/views");
      } catch (error) {
        if (error instanceof NeedsKey) return void (wrong.textContent = texts.key.bad);
      }
      box.remove();
      done(undefined);
    };
    document.body.append(box);
    box.showModal();
  });
}
