/** Makes a browser start its graphics where nobody waits for it: the first context takes long, all others are quick. Asked, it answers when they do. */

const gl = globalThis.OffscreenCanvas && new OffscreenCanvas(1, 1).getContext("webgl2");

onmessage = () => {
  gl?.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4)); // everything before it is done
  postMessage(true);
};
postMessage(Boolean(gl));
