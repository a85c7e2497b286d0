/** The graphics behind a map, which a page has to wait for whenever it asks them anything: they are asked when they have nothing else to do. */

import { drawn } from "./breath.js";

/** Looks again so often at most; a browser that never says that it is done is not waited for. */
const MOST = 40;

/** Start the browser's graphics beside the page. @returns {Promise<void>} */
export function warmed() {
  return new Promise((done) => {
    try {
      const worker = new Worker(new URL("./warming.worker.js", import.meta.url));
      worker.onmessage = worker.onerror = () => {
        worker.terminate();
        done();
      };
    } catch {
      done(); // the page finds out for itself
    }
  });
}

/** Everything that was asked of the graphics is done. @param {WebGL2RenderingContext} gl */
export async function atLeisure(gl) {
  await drawn();
  const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
  if (!fence) return;
  gl.flush();
  for (let tries = 0; tries < MOST && gl.getSyncParameter(fence, gl.SYNC_STATUS) !== gl.SIGNALED; tries += 1) await drawn();
  gl.deleteSync(fence);
}
