/** What sources are called: asked for once, and again where something was recorded since. */

import { json } from "./service.js";

/** @type {Promise<Map<string, string>> | null} */
let held = null;

/** The names of all sources by their ids. */
export function sourceNames() {
  held ??= fetched().catch((error) => {
    held = null;
    throw error;
  });
  return held;
}

/** Something was recorded: a source may be new, or called otherwise. */
export const forgetSources = () => void (held = null);

async function fetched() {
  const found = new Map();
  for (let cursor = null, more = true; more; ) {
    const page = await json("/v1/sources", { limit: 1000, cursor });
    for (const one of page.sources) found.set(one.source_id, one.name);
    [cursor, more] = [page.next, Boolean(page.next)];
  }
  return found;
}
