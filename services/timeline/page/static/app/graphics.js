/** The graphics behind a map, which a page has to wait for whenever it asks them anything: they are asked when they have nothing else to do. */

import { drawn } from "./breath.js";

/** Asks so often at most; graphics that are never at leisure are not waited for. */
const MOST = 40;

/** Who is answered so soon, in milliseconds, asks graphics that have nothing else to do. */
const AT_ONCE = 25;

/**
 * Where the graphics were started, and are asked: it may wait for them, since nobody waits for it. It stays as long as the page
 * does: a context that goes keeps the page waiting for 200 to 300 ms where software draws. @type {Worker | null}
 */
let beside = null;

/** An answer of the worker; null where it fails. @param {Worker} worker  @returns {Promise<boolean | null>} */
const answer = (worker) => new Promise((done) => {
  worker.onmessage = (event) => done(event.data);
  worker.onerror = () => done(null);
});

/** Start the browser's graphics beside the page. @returns {Promise<void>} */
export async function warmed() {
  try {
    beside = new Worker(new URL("./warming.worker.js", import.meta.url));
  } catch {
    return;
  }
  if (!(await answer(beside))) unheard();
}

/** Wait until the graphics have nothing else to do: they draw all of the page, in turn, and whoever asks them meanwhile is kept waiting. */
export async function atLeisure() {
  for (let tries = 0; tries < MOST; tries += 1) {
    await drawn(); // what was put on the page a moment ago is asked of them by then
    if (!beside) return;
    const asked = performance.now();
    beside.postMessage(null);
    if ((await answer(beside)) === null) return unheard();
    if (performance.now() - asked < AT_ONCE) return;
  }
}

/** It has no graphics, or fails: the page finds out for itself. */
function unheard() {
  beside?.terminate();
  beside = null;
}
