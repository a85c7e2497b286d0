/** Elements made of names, attributes and text. Text is always text: nothing that anybody said is ever read as HTML. */

/**
 * @param {string} name  as `p`, `p.wrong` or `button.quiet`
 * @param {Record<string, unknown> | null} attributes  `on…` are listeners; true, false and null do what one expects
 * @param {...(Node | string | null | undefined | false)} inside
 * @returns {HTMLElement}
 */
export function h(name, attributes, ...inside) {
  const [tag, ...classes] = name.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), /** @type {EventListener} */ (value));
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, String(value));
  }
  made.append(...inside.filter((one) => one !== null && one !== undefined && one !== false));
  return made;
}

/** The same in SVG. @param {string} name  @param {Record<string, unknown>} attributes  @param {...Node} inside */
export function svg(name, attributes, ...inside) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...inside);
  return made;
}

/** @param {string} id */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** A link that somebody gave, only where it is one of the web. @param {string | null} url  @param {string} words */
export function outward(url, words) {
  if (!url || !/^https?:\/\//i.test(url)) return h("span", null, words);
  return h("a", { href: url, rel: "noopener noreferrer nofollow", target: "_blank" }, words);
}
