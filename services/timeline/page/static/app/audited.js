/**
 * What the audit page reads: the trail of a status, or that of a development, a page at a time as the service tells them. Pages
 * name the moments that the first one meant, so what is recorded meanwhile shifts nothing.
 *
 * @typedef {object} Row  an event of the record, as a review names it
 * @property {number} position
 * @property {string} event_id
 * @property {string} type
 * @property {string} words
 * @property {string} recorded_at
 * @property {string | null} recorded_by  null for who is no auditor
 * @property {string | null} leaf_hash
 * @property {string} [reason]
 * @property {string | null} [development_id]
 * @property {string} [about]
 * @property {any} [step]  the standing after it, in the trail of a development
 * @property {HTMLElement} mark  whether its proof holds
 */

import { h } from "./elements.js";
import { json } from "./service.js";

/** Reads page after page into rows, each event once. */
class Trail {
  /** @type {Map<number, Row>} */
  #found = new Map();
  /** The first page, with what is told once. @type {any} */
  first = null;
  /** @type {string | null} */
  next = null;
  /** How many claims or steps are shown. */
  shown = 0;

  /** @param {string} path  @param {Record<string, unknown>} asked */
  constructor(path, asked) {
    this.path = path;
    this.asked = asked;
  }

  /** Fetch the first page, or the next one. A page that goes on names its moments itself. */
  async more() {
    const asked = this.next ? { view: this.asked.view, cursor: this.next } : this.asked;
    const page = await json(this.path, asked);
    this.first ??= page;
    this.next = page.next;
    this.take(page);
  }

  /** @param {any} _page  what every kind of trail takes of a page for itself */
  take(_page) {}

  /** @param {any[]} events */
  add(events) {
    for (const one of events) if (!this.#found.has(one.position)) this.#found.set(one.position, { ...one, mark: h("span.check", null, "") });
  }

  /** Every event so far. @returns {Row[]} */
  get rows() {
    return [...this.#found.values()];
  }
}

/** The trail of a status: the claims that were considered, the last first, with their statements, decisions and sources. */
export class StatusTrail extends Trail {
  /** Statements of claims that are told of in the trail of the development alone. */
  leftOut = 0;
  #claims = new Set();

  /** @param {string} place  @param {Record<string, unknown>} asked */
  constructor(place, asked) {
    super(`/v1/audit/locations/${encodeURIComponent(place)}`, asked);
  }

  /** How many claims there are. */
  get all() {
    return Object.values(this.first.considered).reduce((sum, /** @type {number} */ one) => sum + one, 0);
  }

  /** @param {any} page */
  take(page) {
    for (const one of [...page.basis, ...page.claims]) {
      this.add([...one.statements, ...one.decisions].map((each) => ({ ...each, about: one.summary })));
      if (!this.#claims.has(one.development_id)) this.leftOut += one.left_out;
      this.#claims.add(one.development_id);
    }
    for (const one of page.sources) this.add(one.events.map((each) => ({ ...each, about: one.name })));
    this.shown += page.claims.length;
  }

  /** In the order of the log. @returns {Row[]} */
  get rows() {
    return super.rows.sort((a, b) => a.position - b.position);
  }
}

/** The trail of a development, in the order of the view's clock, with the standing after each step. */
export class DevelopmentTrail extends Trail {
  /** @param {string} development  @param {Record<string, unknown>} asked */
  constructor(development, asked) {
    super(`/v1/audit/developments/${encodeURIComponent(development)}`, asked);
  }

  get all() {
    return this.first.steps;
  }

  /** @param {any} page */
  take(page) {
    this.add(page.trail.map((one) => ({ ...one, about: "", step: one })));
    this.shown += page.trail.length;
  }
}
