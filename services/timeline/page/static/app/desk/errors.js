/** What the service says of an event, put beside the field that it is of (RFC 9457: `errors`, each with its `field`). */

/** @typedef {{field: string, message: string}} Wrong */

/**
 * Tell each error beside its field, and put the focus on the first one.
 * @param {HTMLElement} form  @param {Wrong[]} errors
 * @returns {Wrong[]} those that no field is of
 */
export function tellErrors(form, errors) {
  clearErrors(form);
  const left = [];
  for (const error of errors) {
    const box = boxOf(form, error.field.replace(/^changes\./, ""));
    if (!box) left.push(error);
    else tellAt(box, error.message);
  }
  firstWrong(form)?.focus();
  return left;
}

/** What was said of a field is of what stood there before. @param {HTMLElement} control  that is typed in */
export function clearAround(control) {
  control.removeAttribute("aria-invalid");
  for (let box = control.closest("[data-path]"); box; box = box.parentElement?.closest("[data-path]") ?? null) {
    const said = box.querySelector(":scope > .wrong");
    if (said) said.textContent = "";
    if (box.matches("fieldset")) box.querySelector("[aria-invalid]")?.removeAttribute("aria-invalid");
  }
}

/** @param {HTMLElement} form */
export function clearErrors(form) {
  for (const one of form.querySelectorAll(".wrong")) one.textContent = "";
  for (const one of form.querySelectorAll("[aria-invalid]")) one.removeAttribute("aria-invalid");
}

/** The innermost field that a path lies in. @param {HTMLElement} form  @param {string} path  @returns {HTMLElement | undefined} */
function boxOf(form, path) {
  const own = /** @type {HTMLElement[]} */ ([...form.querySelectorAll("[data-path]")].filter((one) => one.closest(".register, form") === form));
  const holds = own.filter((one) => one.dataset.path === path || (path.startsWith(one.dataset.path ?? "") && /^[.[]/.test(path.slice(one.dataset.path?.length))));
  return holds.sort((a, b) => (b.dataset.path?.length ?? 0) - (a.dataset.path?.length ?? 0))[0];
}

/** @param {HTMLElement} box  @param {string} message */
function tellAt(box, message) {
  const said = /** @type {HTMLElement} */ (box.querySelector(":scope > .wrong"));
  said.textContent = [said.textContent, message].filter(Boolean).join("; ");
  const controls = /** @type {HTMLInputElement[]} */ ([...box.querySelectorAll("input, select, textarea")]);
  (controls.find((one) => !one.value) ?? controls[0])?.setAttribute("aria-invalid", "true");
  for (let folded = box.closest("details"); folded; folded = folded.parentElement?.closest("details") ?? null) folded.open = true;
}

/** @param {HTMLElement} form  @returns {HTMLElement | null} */
const firstWrong = (form) => form.querySelector("[aria-invalid='true']");
