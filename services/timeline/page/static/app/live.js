/** Follows the log: where something is recorded the map is fetched anew; where the service is away, it says since when. */

import { byId } from "./elements.js";
import { credentials } from "./service.js";
import { state } from "./store.js";
import { world } from "./world.js";
import { filled, texts } from "./words.js";

const PAUSE = 400;

/** @param {() => Promise<void>} renew */
export async function follow(renew) {
  let waiting = 0;
  let lost = 0;
  const heard = () => {
    clearTimeout(waiting);
    waiting = window.setTimeout(() => renew().catch(() => {}), PAUSE);
  };
  setInterval(() => tellLost(lost), 1000);
  for (let wait = 1000; ; wait = Math.min(wait * 2, 30_000)) {
    try {
      const after = world.places.known_position ?? 0;
      const answer = await fetch(`/v1/events?after=${after}`, { headers: { Accept: "text/event-stream", ...credentials() } });
      if (!answer.ok || !answer.body) throw new Error(String(answer.status));
      if (lost) heard();
      [lost, wait] = [0, 500];
      await readLines(answer.body, (line) => line.startsWith("id:") && state.position === null && heard());
    } catch {
      lost ||= Date.now();
    }
    await new Promise((done) => setTimeout(done, wait));
  }
}

/** @param {ReadableStream<Uint8Array>} body  @param {(line: string) => void} each */
async function readLines(body, each) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(each);
  }
}

function tellLost(since) {
  const box = byId("lost");
  box.hidden = !since;
  const seconds = Math.round((Date.now() - since) / 1000);
  if (since) box.textContent = filled(texts.lost, { position: (world.beliefs?.header.known_position ?? 0).toLocaleString("en"), seconds });
}
