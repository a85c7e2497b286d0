/** What is asked of the service, with the key that the reader gave, if one is needed. */

const KEY = "timeline-key";

/** Somebody has to say who they are first. */
export class NeedsKey extends Error {}

/** A problem as the service told it (RFC 9457). */
export class Told extends Error {
  /** @param {{status: number, title: string, detail: string, errors?: {field: string, message: string}[]}} problem */
  constructor(problem) {
    super(problem.detail || problem.title);
    this.problem = problem;
  }
}

/** @param {string} key */
export const useKey = (key) => sessionStorage.setItem(KEY, key);

let keyless = false;

/** Whoever stands in another's frame presents no key, whatever this tab holds. */
export const goWithoutKey = () => void (keyless = true);

/** @returns {Record<string, string>} */
export function credentials() {
  if (keyless) return {};
  const key = sessionStorage.getItem(KEY);
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** @param {string} path  @param {Record<string, unknown>} query */
export function address(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text ? `${path}?${text}` : path;
}

/**
 * @param {string} url  @param {RequestInit} [more]
 * @returns {Promise<Response>}
 * @throws {NeedsKey | Told}
 */
export async function ask(url, more = {}) {
  const answer = await fetch(url, { ...more, headers: { ...credentials(), ...more.headers } });
  if (answer.ok) return answer;
  if (answer.status === 401 || (answer.status === 403 && !more.method)) throw new NeedsKey();
  const said = await answer.json().catch(() => ({ status: answer.status, title: answer.statusText, detail: "" }));
  throw new Told(said);
}

/** @param {string} path  @param {Record<string, unknown>} [query] */
export async function json(path, query) {
  return (await ask(address(path, query))).json();
}
