/** Makes a browser start its graphics where nobody waits for it: the first context takes long, all others are quick. */

const gl = globalThis.OffscreenCanvas && new OffscreenCanvas(1, 1).getContext("webgl2");
gl?.getExtension("WEBGL_lose_context")?.loseContext();
postMessage(Boolean(gl));
