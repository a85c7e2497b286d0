/** Long work in parts: between two of them the browser draws, and hears what the reader does. */

/** What follows is a task of its own. @returns {Promise<void>} */
export function breath() {
  const { scheduler } = /** @type {any} */ (globalThis);
  if (scheduler?.yield) return scheduler.yield();
  return new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => done();
    port2.postMessage(null);
  });
}

/** The browser has drawn once more; where it draws nothing, as in a tab behind others, a while has gone by. @returns {Promise<void>} */
export const drawn = () => new Promise((done) => {
  const late = setTimeout(done, 250);
  requestAnimationFrame(() => {
    clearTimeout(late);
    setTimeout(done);
  });
});
