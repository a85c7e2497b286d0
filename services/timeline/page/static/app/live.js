/** Follows the log: where something is recorded what changed is asked for; where the service is away, it says since when. */

import { byId } from "./elements.js";
import { reached } from "./newer.js";
import { credentials, json } from "./service.js";
import { state } from "./store.js";
import { world } from "./world.js";
import { filled, texts } from "./words.js";

const PAUSE = 400;

/** A view that is behind the log is asked again so often, each time after twice as long. */
const AGAIN = 6;

/** @param {() => Promise<unknown>} renew */
export async function follow(renew) {
  let [waiting, lost, last] = [0, 0, await head()];
  const ask = async (tries = 0) => {
    await renew();
    const behind = (world.beliefs?.header.known_position ?? 0) < last;
    if (behind && tries < AGAIN) later(tries + 1);
  };
  const later = (tries = 0) => {
    clearTimeout(waiting);
    waiting = window.setTimeout(() => ask(tries).catch(() => {}), PAUSE * 2 ** tries);
  };
  setInterval(() => tellLost(lost), 1000);
  for (let wait = 1000; ; wait = Math.min(wait * 2, 30_000)) {
    try {
      const answer = await fetch(`/v1/events?after=${last}`, { headers: { Accept: "text/event-stream", ...credentials() } });
      if (!answer.ok || !answer.body) throw new Error(String(answer.status));
      if (lost) later();
      [lost, wait] = [0, 500];
      await readLines(answer.body, (line) => {
        if (!line.startsWith("id:")) return;
        last = Math.max(last, Number(line.slice(3)));
        if (state.position === null) later();
        reached(last);
      });
    } catch {
      lost ||= Date.now();
    }
    await new Promise((done) => setTimeout(done, wait));
  }
}

/** Where to begin: where the map stands; a pinned one may lie far behind, and then it is where its view stands now. */
async function head() {
  const held = world.beliefs?.header.known_position ?? 0;
  if (state.position === null) return held;
  const { position } = await json(`/v1/views/${encodeURIComponent(state.view)}`).catch(() => ({ position: held }));
  reached(position);
  return Math.max(held, position);
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
